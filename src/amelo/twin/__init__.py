"""The physics of a tooth: chemistry of its fluids and minerals."""

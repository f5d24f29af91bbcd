"""What is likely to go wrong with each tooth and surface, when, how sure that is, and why."""

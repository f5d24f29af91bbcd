"""The chemistry of saliva, plaque fluid and apatite."""

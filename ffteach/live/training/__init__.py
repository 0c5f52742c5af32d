"""The training lab: one network learning from labels."""

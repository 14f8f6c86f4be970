"""The commands that are no steps, by group."""

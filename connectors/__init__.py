"""What the outside writes and reads."""

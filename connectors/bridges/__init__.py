"""What other quality agents write into memory, read as signals."""

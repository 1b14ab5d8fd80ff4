"""A proxy that makes things go wrong on purpose, and the same way each time."""

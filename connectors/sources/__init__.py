"""Live platforms that are asked for data."""

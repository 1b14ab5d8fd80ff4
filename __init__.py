"""AQE Fleet: quality agents on Redis streams (see README.md)."""

__version__ = "0.1.0"

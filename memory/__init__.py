"""The Redis-backed memory store, its index, and bulk datasets."""

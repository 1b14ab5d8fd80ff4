"""Frozen records that travel through memory keys and events; JSON is camelCase, Python snake_case."""

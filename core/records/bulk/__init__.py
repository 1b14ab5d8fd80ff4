"""Rows of imported data, kind by kind, and what is asked of them."""

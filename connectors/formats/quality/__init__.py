"""Formats of quality tools: tests, coverage, security, change."""

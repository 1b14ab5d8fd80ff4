"""Formats of production: logs, access logs, traces, incidents."""

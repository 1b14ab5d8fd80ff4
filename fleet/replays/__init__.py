"""Incidents made to happen again, and the proxies that make them."""

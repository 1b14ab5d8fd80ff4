"""Journeys, pages and recorded flows as tests in a browser."""

"""Recorded traffic as tests of an API."""

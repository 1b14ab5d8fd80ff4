"""Lifecycle hooks around tasks, and the verification manager."""

"""Composition root: settings into store, bus, hooks, agents; the service behind the faces."""

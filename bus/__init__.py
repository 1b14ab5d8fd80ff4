"""Typed events on Redis streams: publish, subscribe, commit once, dead letters."""

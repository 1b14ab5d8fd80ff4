"""The production report."""

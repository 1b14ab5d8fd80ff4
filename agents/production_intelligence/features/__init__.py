"""Features: their use, their coverage, and code that nobody uses."""

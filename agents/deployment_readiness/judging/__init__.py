"""Is the new version as good as the old one? Four ways to answer, all pure."""

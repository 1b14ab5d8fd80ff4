"""Two things side by side: environments, variants of an experiment."""

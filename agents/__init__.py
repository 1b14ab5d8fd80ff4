"""BaseAgent and the agents; capabilities are pure modules, shells do the I/O."""

"""Production data into findings and test scenarios."""

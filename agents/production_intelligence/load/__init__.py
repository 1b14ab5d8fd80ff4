"""Load: when how much traffic comes, of what and from whom, and the plan of a test that follows it."""

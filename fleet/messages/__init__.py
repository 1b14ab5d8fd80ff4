"""Who is told of what, and how it is said."""

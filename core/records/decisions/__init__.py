"""What a release is judged by, and what came of it."""

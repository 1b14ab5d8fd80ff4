"""Quality signals into a release decision."""

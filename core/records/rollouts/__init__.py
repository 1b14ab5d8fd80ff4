"""A release on its way: stages, regions, limits, and how it stands."""

"""Incidents: where it began, what was different, and the plan of its replay."""

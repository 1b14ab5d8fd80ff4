"""Anomaly detection: series watched, events found, told and kept."""

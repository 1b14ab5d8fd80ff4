"""Names under which capabilities find what they read; apart, so that the table of capabilities imports none of them."""

AUDIT_LOG = "aqe/audit/log"
RESOLUTIONS_KEY = "aqe/deployment/checklist-resolutions"
PROJECT = "aqe.yaml"
"""Stands among a report's records for what the project says of itself."""

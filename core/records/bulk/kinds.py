"""The kinds of bulk data by name, for who needs no rows."""

LOGS = "logs"
ACCESS = "access"
RUM = "rum-events"
SPANS = "spans"
METRICS = "metric-points"
PRODUCT = "product-events"
OPS = "ops-events"
EXCHANGES = "http-exchanges"

DATASET_KINDS = (LOGS, ACCESS, RUM, SPANS, METRICS, PRODUCT, OPS, EXCHANGES)
"""Every kind; rows.py has the columns of each."""

INCIDENTS = "incidents"
FLOWS = "user-flows"
DEPLOYMENTS = "deployments"
"""Imported as single records, see imported.py."""

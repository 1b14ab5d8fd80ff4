"""Every kind of bulk data and its columns: the one table that writer, reader, redaction and docs go by."""

from .apm import MetricRow, SpanRow
from .base import Record
from .history import DeploymentOutcome
from .incidents import Incident, OpsRow
from .kinds import ACCESS as ACCESS
from .kinds import EXCHANGES as EXCHANGES
from .kinds import LOGS as LOGS
from .kinds import METRICS as METRICS
from .kinds import OPS as OPS
from .kinds import PRODUCT as PRODUCT
from .kinds import RUM as RUM
from .kinds import SPANS as SPANS
from .logs import AccessRow, LogRow
from .recordings import ExchangeRow, UserFlow
from .rum import RumRow
from .usage import ProductRow

Row = LogRow | AccessRow | RumRow | SpanRow | MetricRow | ProductRow | OpsRow | ExchangeRow
"""A row of any kind."""

DATASET_ROWS: dict[str, type[Row]] = {
    LOGS: LogRow,
    ACCESS: AccessRow,
    RUM: RumRow,
    SPANS: SpanRow,
    METRICS: MetricRow,
    PRODUCT: ProductRow,
    OPS: OpsRow,
    EXCHANGES: ExchangeRow,
}
"""Kind -> its columns."""
KIND_OF: dict[type[Row], str] = {row: kind for kind, row in DATASET_ROWS.items()}
"""Row type -> its kind: rows of several kinds may come out of one file."""

INCIDENTS = "incidents"
FLOWS = "user-flows"
DEPLOYMENTS = "deployments"
IMPORTED_RECORDS: dict[str, type[Record]] = {INCIDENTS: Incident, FLOWS: UserFlow, DEPLOYMENTS: DeploymentOutcome}
"""What is imported as single records: each at a key of its own, or as an item of a history."""

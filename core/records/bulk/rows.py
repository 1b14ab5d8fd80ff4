"""Every kind of bulk data and its columns: the one table that writer, reader, redaction and docs go by."""

from .apm import MetricRow, SpanRow
from .incidents import OpsRow
from .kinds import ACCESS as ACCESS
from .kinds import DEPLOYMENTS as DEPLOYMENTS
from .kinds import EXCHANGES as EXCHANGES
from .kinds import FLOWS as FLOWS
from .kinds import INCIDENTS as INCIDENTS
from .kinds import LOGS as LOGS
from .kinds import METRICS as METRICS
from .kinds import OPS as OPS
from .kinds import PRODUCT as PRODUCT
from .kinds import RUM as RUM
from .kinds import SPANS as SPANS
from .logs import AccessRow, LogRow
from .recordings import ExchangeRow
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

"""How long bulk data is kept: what is older than aqe.yaml's `retention` says goes, by imports and the commander."""

from datetime import datetime

from ..core.log import Logger
from ..core.records.bulk.rows import DATASET_ROWS
from .runtime import Runtime

log = Logger("retention")


def prune_datasets(runtime: Runtime, now: datetime) -> None:
    """Delete what was imported longer ago than its kind is kept, of every kind.

    References to deleted files stay in the histories; readers look at the files.
    """
    retention = runtime.settings.retention
    for kind in DATASET_ROWS:
        try:
            count = runtime.datasets.prune(kind, retention.days_of(kind), now)
        except OSError as error:
            log.warning("old data cannot be deleted", kind=kind, error=str(error))
            continue
        if count:
            log.info("old data deleted", kind=kind, files=count, days=retention.days_of(kind))

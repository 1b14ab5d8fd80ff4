"""Log records of OTLP/JSON. A record without a time has that of its observation."""

from collections.abc import Iterator
from typing import Any

from ....core.records.bulk.logs import LogRow
from ..pages import Reading
from ..values import at_us
from .log_rows import log_row
from .otlp_resource import resource_of
from .otlp_values import attributes, hex_id, nanoseconds, plain

# Severity numbers 1-4, 5-8, ...; the text beside them is whatever the logger called it.
_LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def log_rows(resource: dict[str, Any], scope: Any, reading: Reading) -> Iterator[LogRow]:
    """The records of one scope; what cannot be used is counted."""
    about = resource_of(resource)
    records = scope.get("logRecords") or scope.get("logs") if isinstance(scope, dict) else None
    logger = (scope.get("scope") or {}).get("name") if isinstance(scope, dict) and _has_scope(scope) else None
    for record in records if isinstance(records, list) else ():
        told = record if isinstance(record, dict) else {}
        time = nanoseconds(told.get("timeUnixNano")) or nanoseconds(told.get("observedTimeUnixNano"))
        at = at_us(time // 1000)
        if at is None:
            reading.refuse("a log record needs a time")
            continue
        reading.used += 1
        trace_id = hex_id(told.get("traceId"))
        yield log_row(
            at,
            _level(told.get("severityNumber"), told.get("severityText")),
            plain(told.get("body")),
            attributes(told.get("attributes")),
            service=about.service,
            release=about.release,
            environment=about.environment,
            region=about.region,
            host=about.host,
            logger=logger if isinstance(logger, str) and logger else None,
            trace_id=trace_id,
            request=trace_id,
        )


def _has_scope(scope: dict[str, Any]) -> bool:
    return isinstance(scope.get("scope"), dict)


def _level(number: Any, word: Any) -> Any:
    if isinstance(number, str):  # SEVERITY_NUMBER_ERROR2
        named = number.removeprefix("SEVERITY_NUMBER_").rstrip("234")
        return word or (named if named != "UNSPECIFIED" else "")
    if type(number) is int and 1 <= number <= 24:
        return _LEVELS[(number - 1) // 4]
    return word

"""Under which names loggers write what, and how a value becomes a column.

One visible table: column -> names, the most telling first. A name with dots is looked for as it stands and as nested
objects (`http.request.method`, `{"http": {"request": {"method": ...}}}`). The names are those of structlog,
python-json-logger, pino, Bunyan, winston, logback/logstash, log4j2, zap, zerolog, logrus, Serilog (compact), loguru,
Google Cloud, systemd's journal and the Elastic Common Schema.
"""

from typing import Any

from ..values import ms, ns_to_ms

TIME = (
    "@timestamp", "timestamp", "time", "ts", "@t", "asctime", "datetime", "date", "eventTime", "timeMillis",
    "instant.epochSecond", "record.time.timestamp", "__REALTIME_TIMESTAMP", "time_iso8601",
)  # fmt: skip
LEVEL = (
    "level", "levelname", "severity", "log.level", "lvl", "loglevel", "log_level", "levelName", "severity_text",
    "severityText", "@l", "record.level.name", "PRIORITY",
)  # fmt: skip
# structlog's `event` comes last: product analytics writes events too.
MESSAGE = (
    "message", "msg", "@m", "@mt", "record.message", "short_message", "textPayload", "jsonPayload.message",
    "jsonPayload.msg", "MESSAGE", "text", "log", "event", "error.message",
)  # fmt: skip
TELLING_MESSAGE = ("message", "msg", "@m", "@mt", "log", "record.message", "textPayload", "MESSAGE")
"""Names of a message that tell a log by themselves, without a level."""
STATUS = (
    "status", "status_code", "statusCode", "http_status", "http.response.status_code", "http.status_code",
    "res.statusCode", "response.status", "response.statusCode", "httpRequest.status",
)  # fmt: skip
TRACE = (
    "exc_info", "exception", "stack_trace", "stacktrace", "stackTrace", "stack", "traceback", "exc_text", "backtrace",
    "error.stack_trace", "error.stack", "error.stacktrace", "err.stack", "exception.stacktrace",
    "exception.stack_trace", "exception.stackTrace", "thrown.extendedStackTrace", "@x", "errorVerbose",
)  # fmt: skip
ERROR_TYPE = (
    "error_type", "exc_type", "exception_type", "exception_name", "exception_class", "error.type", "error.kind",
    "error.name", "err.type", "err.name", "exception.type", "exception.class", "exception.exception_class",
    "thrown.name", "record.exception.type",
)  # fmt: skip
DURATION = ("duration_ms", "durationMs", "elapsed_ms", "elapsedMs", "latency_ms", "response_time_ms", "responseTime",
            "event.duration")  # fmt: skip
"""Names whose unit is known; a bare `duration` is not. The last is in nanoseconds (ECS), the others in milliseconds."""
TEXT: dict[str, tuple[str, ...]] = {
    "logger": ("logger", "logger_name", "loggerName", "log.logger", "name", "record.name", "SourceContext",
               "SYSLOG_IDENTIFIER"),
    "service": ("service", "service.name", "service_name", "serviceName", "app", "application", "app_name",
                "serviceContext.service", "dd.service", "_SYSTEMD_UNIT"),
    "release": ("release", "service.version", "service_version", "app_version", "appVersion",
                "serviceContext.version", "dd.version", "version"),
    "request_method": ("method", "http_method", "request_method", "requestMethod", "http.request.method",
                       "http.method", "req.method", "request.method", "httpRequest.requestMethod"),
    "request_path": ("path", "request_path", "http_path", "request_uri", "url.original", "url.path", "http.target",
                     "http.url", "req.url", "request.path", "request.uri", "request.url", "httpRequest.requestUrl",
                     "url", "uri"),
    "user": ("user_id", "userId", "user.id", "usr.id", "enduser.id", "req.user.id", "user.name", "user", "username",
             "uid"),
    "session": ("session_id", "sessionId", "session.id", "session", "sid"),
    "request": ("request_id", "requestId", "req_id", "reqId", "req.id", "http.request.id", "correlation_id",
                "correlationId", "trace_id", "traceId", "trace.id", "dd.trace_id", "logging.googleapis.com/trace"),
    "trace_id": ("trace_id", "traceId", "trace.id", "dd.trace_id", "traceID", "otelTraceID",
                 "logging.googleapis.com/trace"),
    "host": ("host", "hostname", "host.name", "kubernetes.pod.name", "kubernetes.pod_name", "k8s.pod.name",
             "container.name", "pod", "syslog.hostname", "_HOSTNAME"),
    "environment": ("environment", "env", "service.environment", "deployment.environment",
                    "deployment.environment.name", "dd.env"),
    "region": ("region", "cloud.region", "cloud_region", "aws_region", "geo.region"),
    "user_agent": ("user_agent", "userAgent", "user_agent.original", "http.user_agent", "http.useragent",
                   "req.headers.user-agent", "request.headers.user-agent", "request.headers.User-Agent",
                   "httpRequest.userAgent", "browser"),
}  # fmt: skip
"""Column of LogRow -> names."""
URLS = frozenset({"url.original", "http.url", "req.url", "request.url", "httpRequest.requestUrl", "url", "uri"})
"""Names of a path that may hold a whole URL."""

_NESTED = frozenset(
    name
    for names in (TIME, LEVEL, MESSAGE, STATUS, TRACE, ERROR_TYPE, DURATION, *TEXT.values())
    for name in names
    if "." in name
)
_PREFIXES = frozenset(name[:at] for name in _NESTED for at, character in enumerate(name) if character == ".")
HEADS = frozenset(name.partition(".")[0] for name in _NESTED)
"""Keys under which nested values are looked for."""

_LEVELS = {
    "WARN": "WARNING", "ERR": "ERROR", "SEVERE": "ERROR", "EXCEPTION": "ERROR", "FATAL": "CRITICAL",
    "CRIT": "CRITICAL", "PANIC": "CRITICAL", "DPANIC": "CRITICAL", "ALERT": "CRITICAL", "EMERGENCY": "CRITICAL",
    "EMERG": "CRITICAL", "INFORMATION": "INFO", "INFORMATIONAL": "INFO", "VERBOSE": "DEBUG",
}  # fmt: skip
# pino and Bunyan count in tens, syslog from 0 to 7.
_NUMBERS = {
    10: "TRACE", 20: "DEBUG", 30: "INFO", 40: "WARNING", 50: "ERROR", 60: "CRITICAL",
    0: "CRITICAL", 1: "CRITICAL", 2: "CRITICAL", 3: "ERROR", 4: "WARNING", 5: "NOTICE", 6: "INFO", 7: "DEBUG",
}  # fmt: skip
_MAX_LEVEL = 30


def flattened(record: dict[str, Any]) -> dict[str, Any]:
    """The record with what is nested under known names at the top: `{"http": {"method": ...}}` -> `http.method`."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        if key in _PREFIXES and isinstance(value, dict):
            _flatten(flat, key, value)
        else:
            flat[key] = value
    return flat


def _flatten(flat: dict[str, Any], prefix: str, nested: dict[str, Any]) -> None:
    for key, value in nested.items():
        name = f"{prefix}.{key}"
        if name in _PREFIXES and isinstance(value, dict):  # as deep as the longest name
            _flatten(flat, name, value)
        elif name in _NESTED:
            flat.setdefault(name, value)


def first_text(names: tuple[str, ...], record: dict[str, Any]) -> str | None:
    """The first of the names that holds a text or a number."""
    for name in names:
        text = as_text(record.get(name))
        if text is not None:
            return text
    return None


def first_path(names: tuple[str, ...], record: dict[str, Any]) -> str | None:
    """Like `first_text`; of a whole URL its path and query."""
    text = first_text(names, record)
    if text is None or "://" not in text[:12]:
        return text
    slash = text.find("/", text.index("://") + 3)
    return text[slash:] if slash > 0 else "/"


def as_text(value: Any) -> str | None:
    """Text or number as text, a one-element list (repeated headers) as its element; None for everything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def level_of(value: Any) -> str:
    """A level in our words; as written in upper case when it is another, empty when there is none."""
    if isinstance(value, str):
        word = value.strip().upper()[:_MAX_LEVEL]
        if word.isdecimal() and len(word) < 3:  # the journal writes numbers as text
            return _NUMBERS.get(int(word), word)
        return _LEVELS.get(word, word)
    return _NUMBERS.get(value, str(value)) if isinstance(value, int) and not isinstance(value, bool) else ""


def status_of(names: tuple[str, ...], record: dict[str, Any]) -> int | None:
    """An HTTP status; other uses of the word (`status: "ok"`, exit codes) are none."""
    for name in names:
        value = record.get(name)
        if isinstance(value, str) and len(value) == 3 and value.isdecimal():
            value = int(value)
        if isinstance(value, int) and 100 <= value <= 599:
            return value
    return None


def duration_of(names: tuple[str, ...], record: dict[str, Any]) -> float | None:
    """The first of the names that holds a duration, in milliseconds."""
    for name in names:
        found = ns_to_ms(record.get(name)) if name == "event.duration" else ms(record.get(name))
        if found is not None:
            return found
    return None

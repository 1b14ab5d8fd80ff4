r"""The SQL behind `DatasetReader.levels`: counts, failures, users and percentiles by bucket, service and endpoint."""

from collections.abc import Sequence
from typing import NamedTuple

from ..core.records.bulk.levels import GAVE_UP, MAX_ENDPOINTS, LevelSource

MAX_PATH_CHARS = 500

# The same rule as `endpoint` of the production-intelligence agent, which is tested to agree. RE2 has no lookahead, so
# that "has a digit" is asked on its own.
_ID = r".*<[a-z_-]+:[0-9a-f]{8}>.*|[0-9]+|[A-Za-z][0-9A-Za-z_%-]*[_-][0-9]+"
_ID_WITH_DIGIT = r"[0-9a-fA-F-]{8,}|[0-9A-Za-z_%~.:-]{16,}"


def route(path: str) -> str:
    """SQL for a path without query and with ids as `{id}`; `path` is an SQL expression."""
    # Cut before it is taken apart: scanners send kilobytes.
    plain = rf"regexp_replace(left({path}, {MAX_PATH_CHARS}), '[?#](.|\n)*', '')"
    is_id = (
        f"regexp_full_match(s, '{_ID}', 's') OR"
        f" (regexp_matches(s, '[0-9]') AND regexp_full_match(s, '{_ID_WITH_DIGIT}'))"
    )
    each = f"lambda s: CASE WHEN {is_id} THEN '{{id}}' ELSE s END"
    return f"array_to_string(list_transform(string_split({plain}, '/'), {each}), '/')"


def _request(method: str, path: str) -> str:
    return f"coalesce({method}, '') || ' ' || {route(path)}"


class _Source(NamedTuple):
    """SQL expressions over the columns of a kind."""

    where: str
    service: str
    endpoint: str
    hit: str
    duration: str
    person: str


_ERROR_RECORD = """("level" IN ('ERROR', 'CRITICAL', 'FATAL') OR "stack_trace" IS NOT NULL)"""
_PERSON = 'coalesce("user", "session")'
_SOURCES: dict[LevelSource, _Source] = {
    LevelSource.ACCESS: _Source(
        "true", "''", _request('"method"', '"path"'), '"status" >= 500', '"duration_ms"', '"client"'
    ),
    LevelSource.SPANS: _Source(
        """("kind" IN ('server', 'consumer') OR "parent_id" IS NULL)""",
        '"service"',
        f"""coalesce({_request('"request_method"', '"request_path"')}, "name")""",
        """("is_error" OR coalesce("status" >= 500, false))""",
        '"duration_ms"',
        _PERSON,
    ),
    LevelSource.LOG_REQUESTS: _Source(
        '"status" IS NOT NULL',
        '"service"',
        _request('"request_method"', '"request_path"'),
        '"status" >= 500',
        '"duration_ms"',
        _PERSON,
    ),
    # A tracker is told errors only: no share can be made of what it reports.
    LevelSource.LOG_RECORDS: _Source('"tracker" IS NULL', '"service"', "NULL", _ERROR_RECORD, "NULL::DOUBLE", _PERSON),
    LevelSource.PAGE_VIEWS: _Source(
        """"event" IN ('view', 'error')""",
        '"service"',
        f"""coalesce("page_group", {route('"page"')})""",
        """"event" = 'error'""",
        """CASE WHEN "event" = 'view' THEN coalesce("loading_ms", "lcp_ms") END""",
        _PERSON,
    ),
}
_ASKED = {
    LevelSource.ACCESS: ('"method"', '"path"'),
    LevelSource.SPANS: ('"request_method"', '"request_path"'),
    LevelSource.LOG_REQUESTS: ('"request_method"', '"request_path"'),
}
"""Where the sources of requests say what was asked."""
# A session belongs to the bucket of its first event: bought or not, it is counted once.
_SESSIONS = """
    SELECT min("at") AS "at", '' AS service, '' AS endpoint, NULL::DOUBLE AS duration, "session" AS person,
           false AS gave_up,
           bool_or(regexp_full_match(coalesce("name", ''), {purchase}, 'i')) AS hit
    FROM ({rows}) GROUP BY "session" HAVING "session" IS NOT NULL"""


def _measured(source: LevelSource, rows: str, purchase: str, more: str = "") -> str:
    """One row a thing that is counted: at, service, endpoint, hit, duration, person, and more columns."""
    if source is LevelSource.SESSIONS:
        return _SESSIONS.format(rows=rows, purchase=literal(purchase))
    of = _SOURCES[source]
    gave_up = f"""coalesce("status" = {GAVE_UP}, false)""" if source in _ASKED else "false"
    return f"""
        SELECT "at", coalesce({of.service}, '') AS service, coalesce({of.endpoint}, '') AS endpoint,
               coalesce({of.hit}, false) AS hit, {of.duration} AS duration, {of.person} AS person,
               {gave_up} AS gave_up{more}
        FROM ({rows}) WHERE {of.where}"""


def levels_sql(source: LevelSource, rows: str, *, bucket_s: int, purchase: str) -> str:
    """The query for the levels, in order of service, endpoint ('' = all of the service) and time.

    Args:
        rows: a query for the rows of the window; it alone has parameters.
        bucket_s: seconds, 1 or more.
        purchase: regular expression; of SESSIONS, what an event must be called to be a purchase.
    """
    bucket = f'CAST(floor(epoch("at") / {bucket_s:d}) AS BIGINT) * {bucket_s:d}'
    figures = """count(*), count(*) FILTER (hit), count(duration) FILTER (isfinite(duration)),
                 quantile_cont(duration, [0.5, 0.95, 0.99]) FILTER (isfinite(duration)),
                 count(*) FILTER (gave_up)"""
    return f"""
        WITH measured AS MATERIALIZED (SELECT *, {bucket} AS start FROM ({_measured(source, rows, purchase)})),
        busiest AS (
            SELECT service, endpoint FROM measured WHERE endpoint <> ''
            GROUP BY ALL ORDER BY count(*) DESC, service, endpoint LIMIT {MAX_ENDPOINTS}
        )
        SELECT service, '', start, {figures} FROM measured GROUP BY service, start
        UNION ALL
        SELECT service, endpoint, start, {figures} FROM measured SEMI JOIN busiest USING (service, endpoint)
        GROUP BY service, endpoint, start
        ORDER BY 1, 2, 3"""


def timings_sql(source: LevelSource, rows: str, percents: Sequence[float]) -> str:
    """The query for how long requests took: all together ('') first, then the busiest endpoints.

    Args:
        rows: as for `levels_sql`.
        percents: 0 to 100.
    """
    levels = ", ".join(repr(float(percent) / 100) for percent in percents)
    figures = f"count(*) AS timed, quantile_cont(duration, [{levels}])"
    return f"""
        WITH measured AS MATERIALIZED (
            SELECT endpoint, duration FROM ({_measured(source, rows, "")}) WHERE isfinite(duration)
        )
        (SELECT '', {figures} FROM measured HAVING count(*) > 0)
        UNION ALL
        (SELECT endpoint, {figures} FROM measured WHERE endpoint <> ''
         GROUP BY endpoint ORDER BY timed DESC, endpoint LIMIT {MAX_ENDPOINTS})"""


def people_sql(source: LevelSource, rows: str, *, slow: bool) -> str:
    """The query for the number of different people who were hit, and of rows that do not name theirs.

    Parameters after those of `rows`: where `slow` the milliseconds; service; endpoint twice ('' = any).
    """
    hit = "duration > ?" if slow else "hit"
    return f"""
        SELECT count(DISTINCT person), count(*) FILTER (person IS NULL) FROM ({_measured(source, rows, "")})
        WHERE {hit} AND service = ? AND (? = '' OR endpoint = ?)"""


def requested_sql(source: LevelSource, rows: str, *, slower_than_ms: float | None, most: int) -> str:
    """The query for requests by method and path: bad ones of each, the most first, and of all together total and bad.

    Parameters after those of `rows`: service; endpoint twice ('' = any).

    Args:
        source: ACCESS, SPANS or LOG_REQUESTS.
        slower_than_ms: those that took longer are bad, too; None = failures only.
        most: rows of the answer.
    """
    bad = "hit" if slower_than_ms is None else f"(hit OR coalesce(duration > {float(slower_than_ms)!r}, false))"
    method, path = _ASKED[source]
    return f"""
        SELECT method, path, count(*) FILTER ({bad}) AS bad, sum(count(*)) OVER (), sum(count(*) FILTER ({bad})) OVER ()
        FROM ({_measured(source, rows, "", f", {method} AS method, {path} AS path")})
        WHERE service = ? AND (? = '' OR endpoint = ?) AND method IS NOT NULL AND path IS NOT NULL
        GROUP BY method, path ORDER BY bad DESC, method, path LIMIT {most:d}"""


def literal(text: str) -> str:
    """A text of SQL."""
    return "'" + text.replace("'", "''") + "'"


def metric_points_sql(rows: str) -> str:
    """The query for all points that are numbers, in order of series and time; a histogram's buckets are none."""
    return f"""
        SELECT "name", "statistic", "kind", "unit", "service", "labels", epoch("at"), "value"
        FROM ({rows}) WHERE "statistic" <> 'bucket' AND isfinite("value")
        ORDER BY "name", "statistic", "service", "labels", "at" """

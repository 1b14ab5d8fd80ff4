r"""The SQL of real-user monitoring: rows -> visits -> answers.

What a visit is says session_sql: what one session, else one user, did until half an hour without an event.
Millions of rows are sorted by one integer each, `milliseconds since the window began << TIME_SHIFT | code << 13 |
client`: the code says which page was seen or which error met, and the client with which device, browser and region.
Events of the same millisecond go by code: the same rows in another order are the same visits.

A visit's path is a text with a character an event (`character`): to count paths is to count texts, and an ordered
funnel is a regular expression. Codes are ranks, the commonest page is `a`, so that most paths fit into the twelve bytes
that DuckDB keeps in place. What is beyond the ranks shares one code: of a million pages 1,500 are told apart.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ..core.records.bulk.rum_answers import ERROR_DIMENSIONS, NO_PAGE, OTHER_ERRORS, OTHER_PAGES
from .dataset_sql import column_types
from .level_sql import literal, route
from .session_sql import MAX_EVENTS_A_PERSON, PAUSE_MS, WHO

MEMORY_LIMIT = "400MB"
"""Of DuckDB; what does not fit is spilled, but for the events of one turn and the samples of one vital."""
THREADS = 2
MAX_EVENTS = 500
"""Of a visit that its path holds."""
EVENTS_A_TURN = 8_000_000
"""Events that are held in memory while they are put together, 8 bytes each."""
MAX_SAMPLES = 4_000_000
"""Of a vital that are sorted; percentiles of more are estimated."""
OTHER_PAGE = 1_500
"""Code of all pages beyond the 1,500 commonest."""
FIRST_ERROR, OTHER_ERROR = 1_501, 1_999
PURCHASE = 2_000
SIGN = 2_001
"""What only tells that a visit goes on: any other action or product event. In no path."""
MAX_CHARACTERS = 500
"""Of a page's path or an error's message that tell one from another."""
MAX_NAME_CHARACTERS = 200
"""Of an event's name."""
LISTED = 200
"""Pages, paths, vitals and errors in the answers of one question."""
LISTED_ERRORS = 50
"""Errors that are looked at by page, browser and step."""

_CODE_BITS, _CLIENT_BITS = 11, 13
TIME_SHIFT = _CODE_BITS + _CLIENT_BITS
"""`e >> TIME_SHIFT` are milliseconds since the window began: 39 bits, 17 years."""
_OTHER_CLIENT = 2**_CLIENT_BITS - 1
_CLIENT = ("device", "browser", "region", "sample_percent")
_ERROR = ("error_type", "message", "request_method", "request_url", "status")
_IS_ERROR = """(rum."event" = 'error' OR (rum."event" = 'resource' AND rum."status" >= 500))"""
_LONG_PAGE = 'coalesce("page_group", "page")'
# The number of bytes is known; that of the characters would have to be counted in each row.
_PAGE = f"""CASE WHEN strlen({_LONG_PAGE}) > {MAX_CHARACTERS} THEN left({_LONG_PAGE}, {MAX_CHARACTERS})
                 ELSE {_LONG_PAGE} END"""
_SAME_PAGE = f"""{_PAGE} IS NOT DISTINCT FROM pages.written AND ("page_group" IS NOT NULL) = pages.named"""
_TEXTS = ("message", "request_url")
_SAME_ERROR = " AND ".join(
    f"{f'left(rum.{name}, {MAX_CHARACTERS})' if name in _TEXTS else f'rum.{name}'} IS NOT DISTINCT FROM errors.{name}"
    for name in ("event", *_ERROR)
)
# Letters of one byte for the commonest, then ideographs: none means anything in a regular expression, none combines
# with its neighbour.
_FEW, _LETTER, _IDEOGRAPH = 26, ord("a"), 0x4E00


def character(code: int) -> str:
    """What stands for a code in a path."""
    return chr((_LETTER if code < _FEW else _IDEOGRAPH) + code)


def code_of(character: str) -> int:
    """The code that a character of a path stands for."""
    return ord(character) - (_LETTER if ord(character) < _IDEOGRAPH else _IDEOGRAPH)


_CODE_OF_E = f"((e >> {_CLIENT_BITS}) & {2**_CODE_BITS - 1})"
# NULL is no character of a list's text.
_CHARACTER_OF_E = f"""CASE WHEN {_CODE_OF_E} < {_FEW} THEN chr(({_LETTER} + {_CODE_OF_E})::INTEGER)
                      WHEN {_CODE_OF_E} <> {SIGN} THEN chr(({_IDEOGRAPH} + {_CODE_OF_E})::INTEGER) END"""
_BOUGHT = character(PURCHASE)
NEVER = character(2**_CODE_BITS - 1)
"""In no path."""
_MARKS = f"[{character(FIRST_ERROR)}-{_BOUGHT}]"
_NO_MARK = f"[^{_MARKS[1:]}"
_ERRORS = f"[{character(FIRST_ERROR)}-{character(OTHER_ERROR)}]"


# The window and its codes --------------------------------------------------------------------------------------------


def window(kind: str, files: Sequence[str], *, since: datetime, until: datetime, release: str | None) -> str:
    """A query for the rows of a window, with all columns of its kind, also of files that lack some.

    Args:
        files: may be none.
        since, until: aware; `until` is not in it.
    """
    empty = ", ".join(f'NULL::{type_} AS "{column}"' for column, type_ in column_types(kind).items())
    stored = f"SELECT {empty} WHERE false"
    if files:
        paths = ", ".join(literal(file) for file in files)
        stored = f"SELECT * FROM read_parquet([{paths}], union_by_name = true) UNION ALL BY NAME {stored}"
    only = "" if release is None else f"AND of_release = {literal(release)}"
    return f"""
        SELECT * FROM ({stored})
        WHERE "at" >= make_timestamp({_micros(since)}) AND "at" < make_timestamp({_micros(until)}) {only}"""


PAGES = f"""
    CREATE TEMP TABLE pages AS
    WITH raw AS (
        SELECT {_PAGE} AS written, "page_group" IS NOT NULL AS named, count(*) FILTER ("event" = 'view') AS views
        FROM rum WHERE "event" IN ('view', 'vital', 'action') GROUP BY ALL
    ),
    labelled AS (
        SELECT *, CASE WHEN named THEN written ELSE coalesce({route("written")}, '{NO_PAGE}') END AS route FROM raw
    ),
    ranked AS (
        SELECT route, row_number() OVER (ORDER BY sum(views) DESC, route) - 1 AS rank FROM labelled GROUP BY route
    )
    SELECT written, named, views, least(rank, {OTHER_PAGE}) AS code, rank,
           CASE WHEN rank < {OTHER_PAGE} THEN route ELSE '{OTHER_PAGES}' END AS label
    FROM labelled JOIN ranked USING (route)"""
"""Page or group as written -> code and label: a group, or a route with ids as `{id}`; the most viewed first."""

_FIRST_LINE = r"""regexp_replace(regexp_extract(message, '[^\n]*'),
                '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|0x[0-9a-fA-F]+|[0-9]+', '#', 'g')"""
ERRORS = f"""
    CREATE TEMP TABLE errors AS
    WITH raw AS (
        SELECT "event", {", ".join(_ERROR)}, count(*) AS times FROM (
            SELECT * REPLACE ({", ".join(f"left({name}, {MAX_CHARACTERS}) AS {name}" for name in _TEXTS)})
            FROM rum WHERE {_IS_ERROR}
        ) GROUP BY ALL
    ),
    labelled AS (
        SELECT *, CASE
            WHEN "event" = 'resource' THEN concat_ws(' ', status, request_method, {route("request_url")})
            WHEN message IS NULL THEN coalesce(error_type, '(error without a message)')
            WHEN error_type IS NULL OR starts_with(message, error_type) THEN {_FIRST_LINE}
            ELSE error_type || ': ' || {_FIRST_LINE} END AS name
        FROM raw
    ),
    ranked AS (
        SELECT name, row_number() OVER (ORDER BY sum(times) DESC, name) - 1 + {FIRST_ERROR} AS rank
        FROM labelled GROUP BY name
    )
    SELECT * EXCLUDE (name, rank), least(rank, {OTHER_ERROR}) AS code,
           CASE WHEN rank < {OTHER_ERROR} THEN name ELSE '{OTHER_ERRORS}' END AS label
    FROM labelled JOIN ranked USING (name)"""
"""Error as written -> code and label, in which numbers are `#`; the most frequent first."""

CLIENTS = f"""
    CREATE TEMP TABLE clients AS
    SELECT *, least(row_number() OVER (ORDER BY rows DESC, {", ".join(_CLIENT)}) - 1, {_OTHER_CLIENT}) AS code
    FROM (SELECT {", ".join(_CLIENT)}, count(*) AS rows FROM rum GROUP BY ALL)"""


def machines(*, looked_for: bool) -> str:
    """A table of those who make more events than people do; empty unless `looked_for`."""
    return f"""
        CREATE TEMP TABLE machines AS SELECT {WHO} AS who FROM rum WHERE {looked_for} AND {WHO} IS NOT NULL
        GROUP BY who HAVING count(*) > {MAX_EVENTS_A_PERSON}"""


# Visits --------------------------------------------------------------------------------------------------------------


def events_sql(*, since: datetime, purchase: str, turn: int = 0, turns: int = 1) -> str:
    """A query for `who`, `by_user` and the integer `e` of each event that belongs to a visit's path.

    Needs the views `rum` and `product` and the tables `pages`, `errors`, `clients`, and `machines` for several turns.

    Args:
        since: begin of the window.
        purchase: regular expression (RE2, any case) for the whole name of what is a purchase.
        turn, turns: which part of the people, 0 <= turn < turns.
    """
    bought = f"regexp_full_match(coalesce(left(name, {MAX_NAME_CHARACTERS}), ''), {literal(purchase)}, 'i')"
    same_client = " AND ".join(f"rum.{name} IS NOT DISTINCT FROM clients.{name}" for name in _CLIENT)
    clients = f"JOIN clients ON {same_client}"
    sources = (
        (f"rum JOIN pages ON {_SAME_PAGE} {clients}", "rum.event = 'view'", "pages.code", "clients.code"),
        (f"rum JOIN errors ON {_SAME_ERROR} {clients}", _IS_ERROR, "errors.code", "clients.code"),
        (
            f"rum {clients}",
            "rum.event = 'action' AND name IS NOT NULL",
            f"if({bought}, {PURCHASE}, {SIGN})",
            "clients.code",
        ),
        ("product", "true", f"if({bought} OR coalesce(revenue, 0) > 0, {PURCHASE}, {SIGN})", _OTHER_CLIENT),
    )
    part = "" if turns == 1 else f"AND hash({WHO}) % {turns} = {turn} AND {WHO} NOT IN (FROM machines)"
    return " UNION ALL ".join(
        f"""
        SELECT {WHO} AS who, "session" IS NULL AS by_user,
               ((epoch_ms("at") - {_micros(since) // 1000}) << {TIME_SHIFT})
               | ({code} << {_CLIENT_BITS}) | {client} AS e
        FROM {rows} WHERE {where} AND {WHO} IS NOT NULL {part}"""
        for rows, where, code, client in sources
    )


def visits_sql(events: str) -> str:
    """A query for the visits in `events`: `by_user`, and the sorted list of the integers of its events, `es`."""
    # One list a person and one sort of integers: a window function would sort the rows, with all their columns.
    return f"""
        WITH people AS (SELECT by_user, list_sort(list(e)) AS es FROM ({events}) GROUP BY who, by_user),
        ended AS (
            SELECT *, list_filter(range(1, len(es)), lambda i:
                      (es[i + 1] >> {TIME_SHIFT}) - (es[i] >> {TIME_SHIFT}) > {PAUSE_MS}) AS ends
            FROM people
        ),
        placed AS (
            SELECT by_user, es, unnest(list_prepend(1, list_transform(ends, lambda i: i + 1))) AS first,
                   unnest(list_append(ends, len(es))) AS last
            FROM ended
        )
        SELECT by_user, es[first:last] AS es FROM placed"""


def paths_sql(visits: str) -> str:
    """A query for each of the visits: its path, the path of its pages only (`seen`), its client, and how long it took.

    The client is that of the first event; where a product event comes first, which tells none, the commonest.

    Args:
        visits: a query as `visits_sql` makes them.
    """
    return f"""
        SELECT *, CASE WHEN regexp_matches(path, '{_MARKS}') THEN regexp_replace(path, '{_MARKS}', '', 'g')
                  ELSE path END AS seen
        FROM (
            SELECT by_user, array_to_string(list_transform(es[:{MAX_EVENTS}], lambda e: {_CHARACTER_OF_E}), '') AS path,
                   CASE WHEN es[1] & {_OTHER_CLIENT} < {_OTHER_CLIENT} THEN es[1] & {_OTHER_CLIENT}
                   ELSE list_min(list_transform(es[:{MAX_EVENTS}], lambda e: e & {_OTHER_CLIENT})) END AS client,
                   len(es) > {MAX_EVENTS} AS cut,
                   (es[-1] >> {TIME_SHIFT}) - (es[1] >> {TIME_SHIFT}) AS lasted_ms
            FROM ({visits})
        )"""


VISITS = """
    CREATE TEMP TABLE visits
    (by_user BOOLEAN, path VARCHAR, client BIGINT, cut BOOLEAN, lasted_ms BIGINT, seen VARCHAR)"""
"""What `paths_sql` selects."""
PATHS = f"""
    CREATE TEMP TABLE paths AS SELECT seen, client, contains(path, '{_BOUGHT}') AS bought,
        count(*) AS visits, sum(lasted_ms) AS lasted_ms
    FROM visits WHERE seen <> '' GROUP BY ALL"""
"""What differs between visits, counted: a quarter of them."""


# Answers -------------------------------------------------------------------------------------------------------------

WINDOW = f"""
    SELECT count(*), count(*) FILTER ("event" = 'view'), count(*) FILTER ("event" = 'view' AND {WHO} IS NULL),
           count(*) FILTER ({_IS_ERROR}), count(*) FILTER ({_IS_ERROR} AND {WHO} IS NULL),
           count(DISTINCT "user"), epoch_us(min("at")), epoch_us(max("at"))
    FROM rum"""
LABELS = "SELECT label, sum(views)::BIGINT, code FROM pages GROUP BY label, code ORDER BY code"
ERROR_TIMES = f"""
    SELECT label, count(*), count(DISTINCT "user"), code FROM rum JOIN errors ON {_SAME_ERROR} WHERE {_IS_ERROR}
    GROUP BY label, code ORDER BY code"""


def visit_totals(*, exact: bool) -> str:
    """Visits with a page, those of them by inactivity, visits without a page, cut ones, and the median length."""
    median = _quantiles("lasted_ms", "0.5", exact)
    return f"""
        SELECT count(*) FILTER (seen <> ''), count(*) FILTER (by_user AND seen <> ''), count(*) FILTER (seen = ''),
               count(*) FILTER (cut), {median} FILTER (seen <> '') FROM visits"""


TOP_PATHS = f"""
    SELECT seen, sum(visits)::BIGINT AS n, sum(lasted_ms) / n, coalesce(sum(visits) FILTER (bought), 0)::BIGINT
    FROM paths GROUP BY seen ORDER BY n DESC, seen LIMIT {LISTED}"""
"""Visits of a path, their mean length and how many of them bought."""
PAGE_VISITS = """
    WITH each AS (SELECT seen, string_split(seen, '') AS pages, sum(visits) AS n FROM paths GROUP BY seen),
    counted AS (
        SELECT unnest(pages) AS page, n AS views, 0 AS n, 0 AS entries, 0 AS exits, 0 AS bounces FROM each UNION ALL
        SELECT unnest(list_filter(pages, lambda page, i: strpos(seen, page) = i)), 0, n, 0, 0, 0 FROM each UNION ALL
        SELECT left(seen, 1), 0, 0, n, 0, CASE WHEN length(seen) = 1 THEN n ELSE 0 END FROM each UNION ALL
        SELECT right(seen, 1), 0, 0, 0, n, 0 FROM each
    )
    SELECT page, sum(views)::BIGINT, sum(n)::BIGINT, sum(entries)::BIGINT, sum(exits)::BIGINT, sum(bounces)::BIGINT
    FROM counted GROUP BY page"""
"""By the character of the page: views, visits, and those that began, ended and stayed there."""


def client_visits(steps: Sequence[str]) -> str:
    """Visits by device, browser, region and share of sampling, and how many reached each step of a funnel.

    Args:
        steps: of the funnel: the characters of each step's pages.
    """
    ways = (".*".join(map(_any_of, steps[: number + 1])) for number in range(len(steps)))
    reached = ", ".join(f"coalesce(sum(visits) FILTER (regexp_matches(seen, '{way}')), 0)::BIGINT" for way in ways)
    return f"""
        SELECT {", ".join(_CLIENT)}, visits, views, bounces, bought, reached FROM (
            SELECT client, sum(visits)::BIGINT AS visits, sum(visits * length(seen))::BIGINT AS views,
                   coalesce(sum(visits) FILTER (length(seen) = 1), 0)::BIGINT AS bounces,
                   coalesce(sum(visits) FILTER (bought), 0)::BIGINT AS bought, [{reached}] AS reached
            FROM paths GROUP BY client
        ) LEFT JOIN clients ON client = code AND code < {_OTHER_CLIENT} ORDER BY visits DESC, {", ".join(_CLIENT)}"""


def step_errors(steps: Sequence[str]) -> str:
    """By step and character of the error: visits that met it there, and whether they reached the next step.

    Args:
        steps: as for `client_visits`, two at least.
    """
    each = []
    for number in range(len(steps) - 1):
        until = "".join(f"{_none_of(step)}*{_any_of(step)}" for step in steps[: number + 1])
        there = f"'^{until}({_none_of(steps[number + 1])}*)(.?)'"
        each.append(
            f"""SELECT {number} AS step, regexp_extract(path, {there}, 2) <> '' AS went_on,
                       unnest(list_distinct(regexp_extract_all(regexp_extract(path, {there}, 1), '{_ERRORS}'))) AS error
                FROM visits WHERE path <> seen"""
        )
    return f"""
        SELECT step, error, count(*) FILTER (NOT went_on), count(*) FILTER (went_on) FROM ({" UNION ALL ".join(each)})
        WHERE error <= '{character(FIRST_ERROR + LISTED_ERRORS - 1)}' GROUP BY step, error ORDER BY step, error"""


def _by_set(value: str) -> str:
    """Of a row of GROUPING SETS over single columns: what `value` makes of the column it is of; NULL = all rows."""
    cases = (f"WHEN grouping({name}) = 0 THEN {value.format(name)}" for name in ERROR_DIMENSIONS)
    return f"CASE {' '.join(cases)} END"


ERROR_VISITS = f"""
    WITH stretches AS (
        SELECT rowid AS visit, client, unnest(regexp_extract_all(path, '.?{_ERRORS}+')) AS stretch
        FROM visits WHERE seen <> '' AND path <> seen
    ),
    met AS (
        SELECT DISTINCT visit, client, regexp_extract(stretch, '^{_NO_MARK}') AS page,
               unnest(regexp_extract_all(stretch, '{_ERRORS}')) AS error
        FROM stretches
    )
    SELECT error, {_by_set("'{}'")}, {_by_set("coalesce({}, '')")}, count(DISTINCT visit)
    FROM met LEFT JOIN clients ON client = code AND code < {_OTHER_CLIENT}
    WHERE error <= '{character(FIRST_ERROR + LISTED_ERRORS - 1)}'
    GROUP BY GROUPING SETS ((error), {", ".join(map("(error, {})".format, ERROR_DIMENSIONS))}) ORDER BY ALL"""
"""Visits by error, and by error and the page seen last, browser, device or region ('' = not said)."""

ACTIONS = f"""
    SELECT pages.label, left(name, {MAX_NAME_CHARACTERS}) AS action, count(*) AS times, count(DISTINCT {WHO})
    FROM rum JOIN pages ON {_SAME_PAGE} WHERE rum.event = 'action' AND name IS NOT NULL
    GROUP BY ALL ORDER BY times DESC, 1, 2 LIMIT {LISTED}"""


def vital_levels(column: str, good: float, poor: float, *, exact: bool) -> str:
    """Percentiles of a vital: over all, by page, by device, by device and browser ('' = not said).

    Args:
        column: of RumRow.
        good, poor: up to where it is good, above what it is poor.
        exact: False = percentiles are estimated (t-digest), in little memory.
    """
    sets = "(), (page), (device), (device, browser)"
    return f"""
        SELECT CASE WHEN grouping(page) = 0 THEN page END, CASE WHEN grouping(device) = 0 THEN coalesce(device, '') END,
               CASE WHEN grouping(browser) = 0 THEN coalesce(browser, '') END, count(*) AS samples,
               count(*) FILTER (vital <= {good}), count(*) FILTER (vital > {poor}),
               {_quantiles("vital", "[0.5, 0.75, 0.95, 0.99]", exact)}
        FROM (
            SELECT device, browser, pages.code AS page, "{column}" AS vital FROM rum JOIN pages ON {_SAME_PAGE}
            WHERE event IN ('view', 'vital') AND isfinite("{column}") AND "{column}" >= 0
        )
        GROUP BY GROUPING SETS ({sets}) HAVING samples > 0 ORDER BY samples DESC, 1, 2, 3 LIMIT {LISTED}"""


def samples_sql(columns: Mapping[str, str]) -> str:
    """How many rows tell each vital."""
    return f"SELECT {', '.join(f'count({column})' for column in columns.values())} FROM rum"


def _quantiles(column: str, shares: str, exact: bool) -> str:
    return f"{'quantile_cont' if exact else 'approx_quantile'}({column}, {shares})"


def _any_of(characters: str) -> str:
    return f"[{characters}]"


def _none_of(characters: str) -> str:
    return f"[^{characters}]"


def _micros(at: datetime) -> int:
    return round(at.timestamp() * 1e6)

r"""The SQL of which rows tell what people did: one line a kind, and how its rows get into the table `told`.

Sessions, users and texts become 64-bit hashes at once, so that what is joined, grouped and spilled is small: of a
million sessions, two share a hash with a chance of 1 in 30 million.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..core.records.bulk.rows import ACCESS, LOGS, PRODUCT, RUM
from ..core.records.bulk.visits import BY_CLIENT, BY_SESSION, BY_USER, ERROR, MONITORED, VisitQuestion, VisitSource
from .level_sql import literal
from .session_sql import product_events

Rows = Mapping[str, tuple[str, list[Any]]]
"""Kind -> a query for the rows of the window and its values; kinds without files are not in it."""

TABLES = """
    CREATE TEMP TABLE told (key UBIGINT, "user" UBIGINT, at_us BIGINT, text UBIGINT, marks UTINYINT,
                            spent_ms FLOAT, revenue DOUBLE);
    CREATE TEMP TABLE texts (text UBIGINT, role VARCHAR, page_group VARCHAR, page VARCHAR, action VARCHAR);
    CREATE TEMP TABLE currencies (currency VARCHAR)"""
# The query is cut off row by row, before texts are told apart: it makes every one of them different.
_PLAIN = "left(split_part(split_part({0}, '?', 1), '#', 1), 500)"
_FAILED = f'CASE WHEN "status" >= 500 THEN {ERROR} ELSE 0 END'
_FILES = r"\.(css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|otf|eot|mp[34]|webm)$|^/robots\.txt$"
"""Paths of what a page brings with it."""
_ROBOTS = "(?i)bot|crawl|spider|slurp|curl|wget|python|java/|go-http|monitor|probe|uptime|health"
"""Agents that say what they are."""


class _Source(NamedTuple):
    """SQL expressions over the rows of a kind.

    Args:
        where: rows that tell something.
        role: `page`, `action`, `request`, or NULL for what is no step.
        marks: bits besides that of the goal.
        session, user: NULL where the row does not say.
        last_resort: asked only where no kind before it tells anything; the others go together.
    """

    kind: str
    where: str
    role: str
    page_group: str
    page: str
    action: str
    marks: str
    spent: str = "NULL::FLOAT"
    revenue: str = "0.0"
    currency: str = "NULL"
    session: str = '"session"'
    user: str = '"user"'
    last_resort: bool = False

    @property
    def text(self) -> str:
        """What stands for a step's text."""
        return f"hash({self.role}, {self.page_group}, {self.page}, {self.action})"


def _requests(kind: str, where: str, method: str, path: str, **more: Any) -> _Source:
    page = f"coalesce({method}, '') || ' ' || {_PLAIN.format(path)}"
    return _Source(kind, where, "'request'", "NULL::VARCHAR", page, "NULL::VARCHAR", _FAILED, last_resort=True, **more)


def _sources(question: VisitQuestion) -> tuple[_Source, ...]:
    """In the order in which they are asked."""
    page_view = f"""regexp_full_match("name", {literal(question.page_view)}, 'i') AND "page" IS NOT NULL"""
    return (
        _Source(
            RUM,
            """("event" IN ('view', 'error') OR ("event" = 'action' AND "name" IS NOT NULL)
                OR ("event" = 'resource' AND "status" >= 500))""",
            """CASE "event" WHEN 'view' THEN 'page' WHEN 'action' THEN 'action' END""",
            '"page_group"',
            _PLAIN.format('"page"'),
            """CASE "event" WHEN 'action' THEN "name" END""",
            f"""{MONITORED} | CASE WHEN "event" IN ('error', 'resource') THEN {ERROR} ELSE 0 END""",
            spent="""CASE "event" WHEN 'view' THEN try_cast("duration_ms" AS FLOAT) END""",
        ),
        _Source(
            PRODUCT,
            "true",
            f"CASE WHEN {page_view} THEN 'page' ELSE 'action' END",
            "NULL::VARCHAR",
            _PLAIN.format('"page"'),
            f'CASE WHEN {page_view} THEN NULL ELSE "name" END',
            "0",
            revenue='CASE WHEN isfinite("revenue") THEN "revenue" ELSE 0 END',
            currency="""CASE WHEN isfinite("revenue") AND "revenue" > 0 THEN "currency" END""",
        ),
        _requests(LOGS, '"request_path" IS NOT NULL', '"request_method"', '"request_path"'),
        _requests(
            ACCESS,
            f"""NOT regexp_matches({_PLAIN.format('"path"')}, '{_FILES}', 'i')
                AND NOT regexp_matches(coalesce("user_agent", ''), '{_ROBOTS}')""",
            '"method"',
            '"path"',
            session="""("client" || ' ' || coalesce("user_agent", ''))""",
            user="NULL::VARCHAR",
        ),
    )


def take_rows(connection: Any, question: VisitQuestion, rows: Rows) -> tuple[VisitSource, ...]:
    """Fill the tables of TABLES; returns the kinds that told something."""
    connection.execute(TABLES)
    taken: list[VisitSource] = []
    for source in _sources(question):
        if source.kind in rows and not (source.last_resort and taken):
            found = _take(connection, source, *_query(source.kind, rows), alone=not taken)
            taken += [found] if found else []
    return tuple(taken)


def _query(kind: str, rows: Rows) -> tuple[str, list[Any]]:
    if kind != PRODUCT or RUM not in rows:
        return rows[kind]
    (product, of_product), (rum, of_rum) = rows[PRODUCT], rows[RUM]
    return product_events(product, rum), [*of_product, *of_rum]


def _take(connection: Any, source: _Source, query: str, values: list[Any], *, alone: bool) -> VisitSource | None:
    """Add the rows of one kind; None when none of them says whose it is.

    Beside another kind, rows that name a user only count where that kind put the user's rows together by the user, too:
    elsewhere what the user did would be told twice.
    """
    session, user = source.session, source.user
    whose = f"{session} IS NOT NULL OR ({user} IS NOT NULL"
    whose += ")" if alone else f" AND hash('user', {user}) IN (SELECT key FROM told))"
    told = f"FROM ({query}) WHERE {source.where}"
    count, sessions = connection.execute(f"SELECT count(*), count({session}) {told}", values).fetchone()
    told += f" AND ({whose})"
    (known,) = connection.execute(f"SELECT count(*) {told}", values).fetchone()
    if not known:
        return None
    connection.execute(
        f"""INSERT INTO told
            SELECT CASE WHEN {session} IS NOT NULL THEN hash({session}) ELSE hash('user', {user}) END,
                   CASE WHEN {user} IS NOT NULL THEN hash({user}) END, epoch_us("at"), {source.text},
                   {source.marks}, {source.spent}, {source.revenue} {told}""",
        values,
    )
    connection.execute(
        f"""INSERT INTO texts
            SELECT {source.text}, any_value({source.role}), any_value({source.page_group}), any_value({source.page}),
                   any_value({source.action}) {told} GROUP BY 1""",
        values,
    )
    currency = f"INSERT INTO currencies SELECT DISTINCT {source.currency} AS c {told} AND c IS NOT NULL"
    connection.execute(currency, values)
    by = BY_CLIENT if source.kind == ACCESS else BY_SESSION if sessions else BY_USER
    return VisitSource(source.kind, by, count - known)

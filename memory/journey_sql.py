r"""The SQL behind `DatasetReader.visits`: rows of several kinds -> one table of whole numbers, handed out by people.

Sessions, users and texts become 64-bit hashes at once, so that what is joined, grouped and spilled is small: of a
million sessions, two share a hash with a chance of 1 in 30 million. Texts are worked on once each, however often they
occur. What is held of a step's text is what `min_users` people saw, but for the steps asked for by name.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..core.records.rows import LOGS, PRODUCT, RUM
from ..core.records.visits import (
    ERROR,
    GOAL,
    MONITORED,
    NAMED,
    NO_STEP,
    OTHER_STEP,
    StepText,
    VisitBatch,
    VisitQuestion,
    Visits,
    VisitSource,
)
from .level_sql import literal, route

THREADS = 2
MAX_STEPS = 300
"""Told apart, the most frequent first; the others are one step together."""
MAX_TEXT_CHARS = 200
MAX_CANDIDATES = 10 * MAX_STEPS
"""Whose people are counted, the most frequent ones: of a million pages, most are nobody's habit."""
ROWS_A_BATCH = 600_000
"""About; 40 bytes each are held."""
MAX_EVENTS_A_PERSON = 1_000_000
SURELY = 4
"""Times `min_users`, from which an estimate of distinct people (within some percent) need not be counted out."""

# The query is cut off row by row, before texts are told apart: it makes every one of them different.
_PLAIN = "left(split_part(split_part({0}, '?', 1), '#', 1), 500)"


class _Source(NamedTuple):
    """SQL expressions over the rows of a kind.

    Args:
        where: rows that tell something.
        role: `page`, `action`, `request`, or NULL for what is no step.
        marks: bits besides that of the goal.
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


def _sources(question: VisitQuestion) -> tuple[_Source, ...]:
    """In order: a kind is asked only where those before it tell nothing, or go with it (real users, product events)."""
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
            spent="""CASE "event" WHEN 'view' THEN "duration_ms" END""",
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
        _Source(
            LOGS,
            '"request_path" IS NOT NULL',
            "'request'",
            "NULL::VARCHAR",
            """coalesce("request_method", '') || ' ' || """ + _PLAIN.format('"request_path"'),
            "NULL::VARCHAR",
            f'CASE WHEN "status" >= 500 THEN {ERROR} ELSE 0 END',
        ),
    )


def prepare(connection: Any, question: VisitQuestion, rows: Mapping[str, tuple[str, list[Any]]]) -> Visits:
    """Make the tables that `batches` reads.

    Args:
        connection: DuckDB's, from memory/dataset_sql.connect.
        rows: kind -> a query for the rows of the window and its values; kinds without files are not in it.
    """
    connection.execute(_TABLES)
    sources: list[VisitSource] = []
    for source in _sources(question):
        if source.kind in rows and not (source.kind == LOGS and sources):
            found = _take(connection, source, *rows[source.kind], alone=not sources)
            sources += [found] if found else []
    if not sources:
        return Visits(())
    connection.execute(_PEOPLE)
    connection.execute(_labelled(question.goal, question.purchase))
    steps = _choose_steps(connection, question)
    goal, errors = connection.execute(
        f"SELECT coalesce(bool_or({_is_goal(question)}), false), coalesce(bool_or(marks & {ERROR} <> 0), false)"
        " FROM told JOIN named USING (text)"
    ).fetchone()
    currencies = connection.execute("SELECT DISTINCT currency FROM currencies ORDER BY 1 LIMIT 10").fetchall()
    (machines,) = connection.execute("SELECT count(*) FROM machines").fetchone()
    return Visits(tuple(sources), steps, tuple(name for (name,) in currencies), goal, errors, machines)


def batches(connection: Any, question: VisitQuestion) -> Iterator[VisitBatch]:
    """All rows, a part of the people at a time; after `prepare`."""
    (count,) = connection.execute("SELECT count(*) FROM told").fetchone()
    parts = max(1, math.ceil(count / ROWS_A_BATCH))
    marks = f"marks | CASE WHEN {_is_goal(question)} THEN {GOAL} ELSE 0 END | CASE WHEN named THEN {NAMED} ELSE 0 END"
    for part in range(parts):
        found = connection.execute(
            f"""SELECT key, person, at_us, step, ({marks})::UTINYINT AS marks,
                       coalesce(spent_ms, 'nan')::FLOAT AS spent_ms, revenue
                FROM visits JOIN named USING (text) WHERE person % {parts} = {part}"""
        ).fetchnumpy()
        if len(found["key"]):
            yield VisitBatch(**{name: found[name] for name in VisitBatch._fields})


_TABLES = """
    CREATE TEMP TABLE told (key UBIGINT, "user" UBIGINT, at_us BIGINT, text UBIGINT, marks UTINYINT,
                            spent_ms FLOAT, revenue DOUBLE);
    CREATE TEMP TABLE texts (text UBIGINT, role VARCHAR, page_group VARCHAR, page VARCHAR, action VARCHAR);
    CREATE TEMP TABLE currencies (currency VARCHAR)"""
# A session has one person: who logs in halfway was there before. Who does more than a million things is a machine.
_PEOPLE = f"""
    CREATE TEMP TABLE users AS SELECT key, max("user") AS person FROM told WHERE "user" IS NOT NULL GROUP BY key;
    CREATE TEMP TABLE machines AS
        SELECT coalesce(person, key) AS person FROM told LEFT JOIN users USING (key)
        GROUP BY 1 HAVING count(*) > {MAX_EVENTS_A_PERSON};
    CREATE TEMP VIEW visits AS
        SELECT told.* EXCLUDE ("user"), coalesce(person, key) AS person, person IS NOT NULL AS named
        FROM told LEFT JOIN users USING (key) WHERE coalesce(person, key) NOT IN (SELECT person FROM machines)"""


def _take(connection: Any, source: _Source, query: str, values: list[Any], *, alone: bool) -> VisitSource | None:
    """Add the rows of one kind; None when they cannot be put together.

    Rows that name no session are put together by their user where no row names one. Beside another kind they are not:
    what a user did would be told twice.
    """
    told = f"FROM ({query}) WHERE {source.where}"
    count, sessions, users = connection.execute(
        f'SELECT count(*), count("session"), count("user") {told}', values
    ).fetchone()
    by, known = ("session", sessions) if sessions or not alone else ("user", users)
    if not known:
        return None
    told += f' AND "{by}" IS NOT NULL'
    text = f"hash({source.role}, {source.page_group}, {source.page}, {source.action})"
    connection.execute(
        f"""INSERT INTO told
            SELECT hash("{by}"), CASE WHEN "user" IS NOT NULL THEN hash("user") END, epoch_us("at"), {text},
                   {source.marks}, {source.spent}, {source.revenue} {told}""",
        values,
    )
    connection.execute(
        f"""INSERT INTO texts
            SELECT {text}, any_value({source.role}), any_value({source.page_group}), any_value({source.page}),
                   any_value({source.action}) {told} GROUP BY 1""",
        values,
    )
    currency = f"INSERT INTO currencies SELECT DISTINCT {source.currency} AS c {told} AND c IS NOT NULL"
    connection.execute(currency, values)
    return VisitSource(source.kind, by, count - known)


def _is_goal(question: VisitQuestion) -> str:
    return "goal" if question.goal is not None else "(goal OR revenue > 0)"


def _labelled(goal: str | None, purchase: str) -> str:
    """Each text -> what it is called: pages by their group, else their path, with what is personal as `{id}`."""
    is_goal = (
        f"""coalesce(regexp_full_match("action", {literal(purchase)}, 'i'), false)"""
        if goal is None
        else f"list_contains([page, page_group, action, path], {literal(goal)})"
    )
    return f"""
        CREATE TEMP TABLE labelled AS
        WITH told AS (
            SELECT text, any_value(role) AS role, any_value(page_group) AS page_group, any_value(page) AS page,
                   left(any_value(action), 500) AS action
            FROM texts GROUP BY text
        ),
        placed AS (SELECT *, {route("page")} AS path FROM told),
        called AS (
            SELECT text, role, {_masked("coalesce(page_group, path)")} AS page, {_masked("action")} AS action,
                   left(path, {MAX_TEXT_CHARS}) AS path, {is_goal} AS goal
            FROM placed
        )
        SELECT *, hash(role, page, action) AS label FROM called"""


def _masked(text: str) -> str:
    """What redaction put in the place of something personal stands for any such thing."""
    return f"left(regexp_replace({text}, '<[a-z_-]+:[0-9a-f]{{8}}>', '{{id}}', 'g'), {MAX_TEXT_CHARS})"


def _choose_steps(connection: Any, question: VisitQuestion) -> tuple[StepText, ...]:
    """Make `named`: text -> number of its step; returns the steps in the order of their numbers."""
    least, surely = question.min_users, SURELY * question.min_users
    roles = "('page', 'action', 'request')" if question.actions else "('page', 'request')"
    known = [[step.kind, step.page, step.action] for step in question.known]
    connection.execute(
        f"""
        CREATE TEMP TABLE steps AS
        WITH frequent AS (
            SELECT label, count(*) AS times FROM told JOIN labelled USING (text) WHERE role IN {roles}
            GROUP BY label HAVING times >= {least} ORDER BY times DESC, label LIMIT {MAX_CANDIDATES}
        ),
        seen AS (
            SELECT label, any_value(times) AS times, approx_count_distinct(person) AS people
            FROM visits JOIN labelled USING (text) JOIN frequent USING (label) GROUP BY label
        ),
        counted AS (
            SELECT label FROM visits JOIN labelled USING (text)
            WHERE label IN (SELECT label FROM seen WHERE people < {surely})
            GROUP BY label HAVING count(DISTINCT person) >= {least}
        ),
        chosen AS (
            SELECT label, times FROM seen WHERE people >= {surely} OR label IN (FROM counted)
            ORDER BY times DESC, label LIMIT {MAX_STEPS}
        ),
        asked AS (SELECT hash(k[1], k[2], k[3]) AS label FROM (SELECT unnest(?::VARCHAR[][]) AS k)),
        texts AS (
            SELECT label, any_value(role) AS kind, any_value(page) AS page, any_value(action) AS action
            FROM labelled WHERE label IN (SELECT label FROM chosen UNION ALL FROM asked) GROUP BY label
        )
        SELECT label, kind, page, action,
               row_number() OVER (ORDER BY coalesce(times, 0) DESC, kind, page, action)::SMALLINT AS step
        FROM texts LEFT JOIN chosen USING (label)""",
        [known],
    )
    connection.execute(
        f"""CREATE TEMP TABLE named AS
            SELECT text,
                   (CASE WHEN role IN {roles} THEN coalesce(step, {OTHER_STEP}) ELSE {NO_STEP} END)::SMALLINT AS step,
                   labelled.page IS NOT DISTINCT FROM path AS is_path, path, goal
            FROM labelled LEFT JOIN steps USING (label)"""
    )
    # A group's paths are not those that enough people saw only because enough saw the group.
    found = connection.execute(
        f"""WITH paths AS (
                SELECT step, path, count(*) AS times FROM visits JOIN named USING (text)
                WHERE step > {OTHER_STEP} AND NOT is_path AND path IS NOT NULL
                GROUP BY step, path HAVING count(DISTINCT person) >= {least}
            ),
            commonest AS (SELECT step, arg_max(path, (times, path)) AS path FROM paths GROUP BY step),
            plain AS (SELECT DISTINCT step, path FROM named WHERE step > {OTHER_STEP} AND is_path)
            SELECT kind, page, action, coalesce(plain.path, commonest.path)
            FROM steps LEFT JOIN plain USING (step) LEFT JOIN commonest USING (step) ORDER BY step"""
    ).fetchall()
    return (StepText("other", None, None), *(StepText(*step) for step in found))

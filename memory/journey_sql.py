r"""The SQL behind `DatasetReader.visits`: rows of several kinds -> one table of whole numbers, handed out by people.

Sessions, users and texts become 64-bit hashes at once, so that what is joined, grouped and spilled is small: of a
million sessions, two share a hash with a chance of 1 in 30 million. Texts are worked on once each, however often they
occur. What is held of a step's text is what `min_users` people saw, but for the steps asked for by name.
"""

import math
from collections.abc import Iterator
from typing import Any

from ..core.records.bulk.visits import (
    ERROR,
    GOAL,
    NAMED,
    NO_STEP,
    OTHER_STEP,
    StepText,
    VisitBatch,
    VisitQuestion,
    Visits,
)
from .journey_sources import Rows, take_rows
from .level_sql import literal, route
from .session_sql import MAX_EVENTS_A_PERSON

THREADS = 2
MAX_STEPS = 300
"""Told apart, the most frequent first; the others are one step together."""
MAX_TEXT_CHARS = 200
MAX_CANDIDATES = 10 * MAX_STEPS
"""Whose people are counted, the most frequent ones: of a million pages, most are nobody's habit."""
ROWS_A_BATCH = 600_000
"""About; 40 bytes each are held."""
SURELY = 4
"""Times `min_users`, from which an estimate of distinct people (within some percent) need not be counted out."""


def prepare(connection: Any, question: VisitQuestion, rows: Rows) -> Visits:
    """Make the tables that `batches` reads.

    Args:
        connection: DuckDB's, from memory/dataset_sql.connect.
    """
    sources = take_rows(connection, question, rows)
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
    return Visits(sources, steps, tuple(name for (name,) in currencies), goal, errors, machines)


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


# A session has one person: who logs in halfway was there before.
_PEOPLE = f"""
    CREATE TEMP TABLE users AS SELECT key, max("user") AS person FROM told WHERE "user" IS NOT NULL GROUP BY key;
    CREATE TEMP TABLE machines AS
        SELECT coalesce(person, key) AS person FROM told LEFT JOIN users USING (key)
        GROUP BY 1 HAVING count(*) > {MAX_EVENTS_A_PERSON};
    CREATE TEMP VIEW visits AS
        SELECT told.* EXCLUDE ("user"), coalesce(person, key) AS person, person IS NOT NULL AS named
        FROM told LEFT JOIN users USING (key) WHERE coalesce(person, key) NOT IN (SELECT person FROM machines)"""


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
    roles = "('page', 'action', 'request')" if question.actions else "('page', 'request')"
    known = [[step.kind, step.page, step.action] for step in question.known]
    connection.execute(_steps_sql(question.min_users, roles), [known])
    connection.execute(
        f"""CREATE TEMP TABLE named AS
            SELECT text,
                   (CASE WHEN role IN {roles} THEN coalesce(step, {OTHER_STEP}) ELSE {NO_STEP} END)::SMALLINT AS step,
                   labelled.page IS NOT DISTINCT FROM path AS is_path, path, goal
            FROM labelled LEFT JOIN steps USING (label)"""
    )
    found = connection.execute(_with_paths_sql(question.min_users)).fetchall()
    return (StepText("other", None, None), *(StepText(*step) for step in found))


def _steps_sql(least: int, roles: str) -> str:
    """Of the table `steps`: labels of the roles that `least` people saw, and those that are asked for."""
    surely = SURELY * least
    return f"""
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
        FROM texts LEFT JOIN chosen USING (label)"""


def _with_paths_sql(least: int) -> str:
    """Of the steps with a path of each."""
    # A group's paths are not those that enough people saw only because enough saw the group.
    return f"""
        WITH paths AS (
            SELECT step, path, count(*) AS times FROM visits JOIN named USING (text)
            WHERE step > {OTHER_STEP} AND NOT is_path AND path IS NOT NULL
            GROUP BY step, path HAVING count(DISTINCT person) >= {least}
        ),
        commonest AS (SELECT step, arg_max(path, (times, path)) AS path FROM paths GROUP BY step),
        plain AS (SELECT DISTINCT step, path FROM named WHERE step > {OTHER_STEP} AND is_path)
        SELECT kind, page, action, coalesce(plain.path, commonest.path)
        FROM steps LEFT JOIN plain USING (step) LEFT JOIN commonest USING (step) ORDER BY step"""

"""The SQL of whose visit a row belongs to: one rule for all that puts rows together, here and in the agents.

- A row belongs to the session that it names, else to its user.
- A product event that names a user only belongs to the session of real-user monitoring in which that user was then:
  purchases are often told by a server, which does not know the browser's session.
- `VISIT_PAUSE_S` without a sign ends a visit, also of a session that has a name: a tab is left open for days.
- Who makes more than a million events is a machine, and left out.
"""

from ..core.records.bulk.visits import VISIT_PAUSE_S

WHO = 'coalesce("session", "user")'
PAUSE_MS = VISIT_PAUSE_S * 1000
MAX_EVENTS_A_PERSON = 1_000_000


def product_events(product: str, rum: str) -> str:
    """A query for the product events, with the session in which their user was.

    Args:
        product, rum: queries for the rows of the window.
    """
    return f"""
        SELECT told.* REPLACE (coalesce(told."session", CASE
            WHEN told."at" <= spans.ended + INTERVAL {VISIT_PAUSE_S} SECOND THEN spans."session" END) AS "session")
        FROM ({product}) AS told ASOF LEFT JOIN (
            SELECT "user", "session", min("at") AS began, max("at") AS ended FROM ({rum})
            WHERE "user" IS NOT NULL AND "session" IS NOT NULL GROUP BY ALL
        ) AS spans ON told."user" = spans."user" AND told."at" >= spans.began"""

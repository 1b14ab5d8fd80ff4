"""INC-2024-1234 as rows: what its service would have recorded, worked out from the specification's figures.

342 payments in one second, a pool of 10 connections, queries of 12 s, a bank that answers after 30 s and fails 45 %, a
time-out of 30 s. Nothing is run for it: who waits how long follows from the pool's arithmetic, so a replay that shows
the same figures has come to them another way.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import heapify, heapreplace

from ...agents.production_intelligence.incidents.replay_plan import plan_of
from ...agents.production_intelligence.incidents.window import Around, Stretch
from ...core.records.bulk.apm import SpanRow
from ...core.records.bulk.incidents import Incident
from ...core.records.production.incident_replay import ReplayPlan

START = datetime(2025, 9, 29, 14, 23, 47, tzinfo=UTC)
PAYMENTS = 342
POOL = 10
QUERY_S, BANK_S, TIMEOUT_S = 12.0, 31.0, 30.0
FAILING = 0.45
NUMBER = "INC-2024-1234"


def the_incident() -> Incident:
    """As its tracker tells it."""
    return Incident.model_validate(
        {
            "id": "tracker-1234", "number": NUMBER, "source": "tracker", "kind": "incident", "status": "resolved",
            "title": "Payment gateway timeout", "service": "payment-service", "severity": "CRITICAL",
            "error": "PaymentProcessingException: Gateway timeout after 30s", "affected_users": 1247,
            "started_at": START, "resolved_at": START + timedelta(seconds=342),
        }
    )  # fmt: skip


def the_plan(payments: int = PAYMENTS, pool: int = POOL) -> ReplayPlan:
    """The incident's replay, or that of a smaller one of its kind."""
    spans = tuple(the_rows(payments, pool))
    before = Stretch(START - timedelta(hours=1), START, (), (), (), 0)
    during = Stretch(START, START + timedelta(hours=1), spans, (), (), 0)
    return plan_of(the_incident(), Around(the_incident(), before, during, ()))


def the_rows(payments: int = PAYMENTS, pool: int = POOL) -> Iterator[SpanRow]:
    """Spans of all payments."""
    free = [0.0] * pool
    heapify(free)
    for n in range(payments):
        arrived = n / payments
        began = max(arrived, free[0])
        heapreplace(free, began + QUERY_S)
        yield from _payment(n, arrived, began)


def _payment(n: int, arrived: float, began: float) -> Iterator[SpanRow]:
    def at(seconds: float) -> datetime:
        return START + timedelta(seconds=seconds)

    charged = began + QUERY_S
    # Spread as evenly as 45 of 100 can be.
    fails = int((n + 1) * FAILING) > int(n * FAILING)
    yield SpanRow(
        at(arrived), 1000 * (charged + TIMEOUT_S - arrived), f"t{n}", "p", None, "payment-service", "pay", "server",
        True, error_type="GATEWAY_TIMEOUT", request_method="POST", request_path="/payments", status=504,
    )  # fmt: skip
    yield SpanRow(
        at(began), 1000 * QUERY_S, f"t{n}", "q", "p", "payment-service", "SELECT", "client", False,
        db_system="postgresql",
    )  # fmt: skip
    yield SpanRow(
        at(charged), 1000 * TIMEOUT_S, f"t{n}", "b", "p", "payment-service", "charge", "client", True, peer="bank"
    )
    yield SpanRow(
        at(charged), 1000 * BANK_S, f"t{n}", "s", "b", "bank", "charge", "server", fails, status=503 if fails else 200
    )

"""Patterns in words."""

from datetime import UTC, datetime
from typing import Any

from aqe.agents.production_intelligence.errors.insights import insights_from
from aqe.core.records.production.findings import (
    ErrorContext,
    ErrorPattern,
    FindingPriority,
    Insight,
    MiningResult,
    RequestShape,
    Trend,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_pattern(**changes: Any) -> ErrorPattern:
    known: dict[str, Any] = {
        "id": "err-1",
        "title": "KeyError: 'price'",
        "error_type": "KeyError",
        "fingerprint": "KeyError | pricing/naive.py in price_tag | 'price'",
        "culprit": "pricing/naive.py in price_tag",
        "occurrences": 1200,
        "affected_users": 1,
        "first_seen": datetime(2026, 1, 1, 10, tzinfo=UTC),
        "last_seen": datetime(2026, 1, 1, 11, 30, tzinfo=UTC),
        "contexts": (ErrorContext(dimension="endpoint", value="GET /api/products/{id}", occurrences=1200),),
        "requests": (RequestShape(method="GET", path="/api/products/3", occurrences=1200),),
        "priority": FindingPriority.HIGH,
    }
    return ErrorPattern(**(known | changes))


def seen_in(dimension: str, **values: int) -> tuple[ErrorContext, ...]:
    return tuple(ErrorContext(dimension=dimension, value=v, occurrences=n) for v, n in values.items())


def insights(*patterns: ErrorPattern) -> tuple[Insight, ...]:
    mined = MiningResult(
        total_records=9000, total_errors=1300, window_from=NOW, window_to=NOW, patterns=patterns, below_threshold=0
    )
    return insights_from(mined, now=NOW)


def test_an_insight_says_what_fails_where_for_whom_and_what_to_do() -> None:
    """In sentences, with the pattern as evidence."""
    (insight,) = insights(a_pattern(trend=Trend.INCREASING))
    assert insight.id == "insight-err-1"
    assert insight.title == "KeyError: 'price' on GET /api/products/{id}"
    assert insight.detail == (
        "1,200 errors for 1 known user between 2026-01-01 10:00 UTC and 2026-01-01 11:30 UTC, of 1,300 errors in 9,000"
        " records. Raised in pricing/naive.py in price_tag. More frequent than in the window before. Inference from the"
        " message: the code takes 'price' for granted, and some data come without it."
    )
    assert insight.recommendation == (
        "Handle a missing 'price' in pricing/naive.py in price_tag, with the recorded requests as a regression test,"
        " before the next release."
    )
    assert insight.evidence == ("err-1", "aqe/production/patterns")
    assert (insight.priority, insight.created_at) == (FindingPriority.HIGH, NOW)


def test_what_is_not_known_is_not_said() -> None:
    """No users, no place, no request, no trend: no sentence about them."""
    bare = a_pattern(title="disk full", affected_users=None, culprit=None, contexts=(), requests=(), occurrences=1)
    (insight,) = insights(bare)
    assert insight.title == "disk full"
    assert insight.detail.startswith("1 error between ")
    assert "Raised" not in insight.detail and "Inference" not in insight.detail and "window" not in insight.detail
    assert (
        insight.recommendation
        == "Repair the code that logs this, and log the failing request, before the next release."
    )


def test_an_expected_refusal_is_not_called_a_bug() -> None:
    """A LOW pattern asks for no repair."""
    (insight,) = insights(a_pattern(priority=FindingPriority.LOW, title="ValidationError: Invalid card"))
    assert "not a bug by itself" in insight.detail
    assert insight.recommendation.startswith("Nothing to repair")


def test_a_cause_is_inferred_only_from_a_contrast() -> None:
    """All errors in one browser mean something when other errors come from other browsers, and nothing otherwise."""
    here = a_pattern(contexts=seen_in("browser", Safari=12))
    mixed = a_pattern(id="err-2", title="boom", contexts=seen_in("browser", Chrome=60, Safari=40))
    same = a_pattern(id="err-3", title="boom", contexts=seen_in("browser", Safari=100))
    assert "belongs to browser Safari" in insights(here, mixed)[0].detail
    assert "belongs to browser" not in insights(here, mixed)[1].detail
    assert "belongs to browser" not in insights(here, same)[0].detail
    assert "belongs to browser" not in insights(here)[0].detail


def test_one_error_is_no_contrast() -> None:
    """A single error always has one browser."""
    once = a_pattern(occurrences=1, contexts=seen_in("browser", Safari=1))
    others = a_pattern(id="err-2", title="boom", contexts=seen_in("browser", Chrome=60))
    assert "belongs to" not in insights(once, others)[0].detail


def test_insights_keep_the_order_of_the_patterns() -> None:
    """Most important first, as mined."""
    found = insights(a_pattern(id="err-9"), a_pattern(id="err-1"), a_pattern(id="err-5"))
    assert [i.id for i in found] == ["insight-err-9", "insight-err-1", "insight-err-5"]
    assert insights() == ()

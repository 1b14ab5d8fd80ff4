"""The merged list of insights: whose, in which order, and what to do first."""

from datetime import UTC, datetime
from typing import Any

from aqe.agents.production_intelligence.prioritize import MAX_INSIGHTS, merged, prioritized
from aqe.core.records.production.findings import FindingPriority, Insight
from aqe.core.records.production.scenarios import Provenance, TestScenario

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


def an_insight(id: str, priority: str = "HIGH", **changes: Any) -> Insight:
    given = {"title": id, "detail": "", "recommendation": "repair it", "created_at": NOW, **changes}
    return Insight(id=id, priority=FindingPriority(priority), **given)


def test_every_insight_keeps_the_name_of_who_found_it() -> None:
    """Also where two analyses name theirs alike."""
    found = merged({"a": [an_insight("x")], "b": [an_insight("x"), an_insight("y")]})
    assert [(i.id, i.capability) for i in found] == [("x", "a"), ("x", "b"), ("y", "b")]


def test_priority_comes_before_users_and_users_before_occurrences() -> None:
    """What nobody counted comes after what somebody did."""
    given = [
        an_insight("low-many", "LOW", affected_users=900),
        an_insight("not-counted"),
        an_insight("often", occurrences=50),
        an_insight("few-users", affected_users=3, occurrences=1),
        an_insight("many-users", affected_users=40),
        an_insight("medium", "MEDIUM", occurrences=10_000),
    ]
    order = [i.id for i in merged({"a": given})]
    assert order == ["many-users", "few-users", "often", "not-counted", "medium", "low-many"]


def test_a_finding_names_the_tests_that_exist_for_it() -> None:
    """A scenario belongs to the insight whose evidence is its finding."""
    of = Provenance(finding_id="p1", finding="x", occurrences=1, sample_size=1)
    test = TestScenario(id="s1", title="s", priority=FindingPriority.HIGH, steps=(), provenance=of)
    insights = merged({"a": [an_insight("x", evidence=("p1", "key"), affected_users=2), an_insight("y")]})
    first, second = prioritized(insights, [test], NOW).findings
    assert (first.rank, first.scenarios, first.because) == (1, ("s1",), "2 known users, not counted")
    assert (second.rank, second.scenarios, second.because) == (2, (), "users not known, not counted")


def test_more_than_memory_holds_is_counted_not_hidden() -> None:
    """The list says how many insights it leaves out."""
    found = prioritized(merged({"a": [an_insight(f"{n:04}") for n in range(MAX_INSIGHTS + 7)]}), (), NOW)
    assert (len(found.findings), found.left_out) == (MAX_INSIGHTS, 7)

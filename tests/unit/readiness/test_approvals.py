"""Who may approve what, for how long, and what voids it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.agents.deployment_readiness.approving.approvals import (
    Here,
    Papers,
    stand,
    state_of,
    worse,
)
from aqe.config.policy import default_policy
from aqe.core.audit import chained
from aqe.core.records.audit import GENESIS, AuditDraft, AuditEntry
from aqe.core.records.decisions.approvals import (
    Approval,
    ApprovalState,
    Seen,
    SeenCriterion,
)
from aqe.core.records.decisions.readiness import GateStatus
from aqe.core.records.signals import MetricValue
from aqe.tests.builders import NOW, a_release
from aqe.tests.unit.readiness.asked import (
    HOUR,
    OTHER_COMMIT,
    SEEN,
    a_policy,
    a_request,
    a_situation,
    here,
    state,
    voted,
)


def test_one_grant_is_enough_where_the_policy_asks_for_one() -> None:
    assert state(a_request()) is ApprovalState.PENDING
    assert state(voted(a_request(), "lead")) is ApprovalState.GRANTED


def test_the_two_person_rule_takes_two_people() -> None:
    """Not one who grants twice."""
    two = here(a_policy(people=2))
    once = voted(a_request(), "cto")
    assert state_of(once, two) == (ApprovalState.PENDING, "1 of 2 approvals")
    assert state(voted(once, "cto"), two) is ApprovalState.PENDING
    assert state(voted(once, "vp"), two) is ApprovalState.GRANTED


@pytest.mark.parametrize("name", ["cto", "CTO@Example.org", " cto@example.org "])
def test_who_asked_cannot_grant(name: str) -> None:
    """By whatever name."""
    assert state(voted(a_request(by=name), "cto")) is ApprovalState.PENDING
    assert state(voted(a_request(by=name), "vp")) is ApprovalState.GRANTED


def test_the_commits_author_cannot_grant_where_the_policy_says_so() -> None:
    """And nobody can where the author is not known."""
    strict = here(a_policy(commit_author_may_approve=False))
    assert state(voted(a_request(), "author")) is ApprovalState.GRANTED
    assert state(voted(a_request(), "author"), strict) is ApprovalState.PENDING
    assert state(voted(a_request(), "cto"), strict) is ApprovalState.GRANTED
    unknown = a_request(a_situation(commit_authors=None))
    assert state(voted(unknown, "cto"), strict) is ApprovalState.PENDING


def test_only_the_policys_roles_can_grant_and_anybody_known_can_refuse() -> None:
    roles = here(a_policy(roles=("CTO", "VP Engineering")))
    assert state(voted(a_request(), "lead"), roles) is ApprovalState.PENDING
    assert state(voted(a_request(), "vp"), roles) is ApprovalState.GRANTED
    assert state(voted(a_request(), "lead", granted=False), roles) is ApprovalState.REFUSED


def test_a_refusal_beats_any_number_of_grants() -> None:
    """Also one that comes afterwards: a grant can be taken back."""
    granted = voted(voted(a_request(), "cto"), "vp")
    assert state(voted(granted, "cto", granted=False)) is ApprovalState.REFUSED


def test_a_request_expires_and_so_does_a_grant() -> None:
    """At the very moment."""
    assert state(a_request(), here(now=NOW + 4 * HOUR)) is ApprovalState.EXPIRED
    granted = voted(a_request(), "cto", valid=6 * HOUR)
    assert state(granted, here(now=NOW + 6 * HOUR - timedelta(microseconds=1))) is ApprovalState.GRANTED
    assert state(granted, here(now=NOW + 6 * HOUR)) is ApprovalState.EXPIRED


@pytest.mark.parametrize(
    "elsewhere",
    [
        here(default_policy().model_copy(update={"digest": "0" * 64})),
        here(seen=SEEN.model_copy(update={"risk": 50.001})),
        here(seen=SEEN.model_copy(update={"metrics": {"d.m": 50.001}})),
        here(seen=SEEN.model_copy(update={"metrics": {"d.m": 50.0, "d.new": 1.0}})),
    ],
    ids=["another policy", "higher risk", "a worse metric", "a new metric"],
)
def test_a_grant_lapses_when_the_situation_is_another_or_worse(elsewhere: Here) -> None:
    """Whoever approved has not approved that."""
    assert state(voted(a_request(), "cto"), elsewhere) is ApprovalState.LAPSED


def test_what_got_better_voids_nothing() -> None:
    better = SEEN.model_copy(update={"risk": 20.0, "metrics": {"d.m": 20.0}})
    assert state(voted(a_request(), "cto"), here(seen=better)) is ApprovalState.GRANTED


@pytest.mark.parametrize("elsewhere", [here(commit=OTHER_COMMIT), here(commit=None), here(environment="staging")])
def test_an_approval_of_another_commit_or_environment_is_not_even_looked_at(elsewhere: Here) -> None:
    """A refused one neither: the next commit may be better."""
    for approval in (voted(a_request(), "cto"), voted(a_request(), "cto", granted=False)):
        assert stand(Papers(approvals=(approval,)), elsewhere).approvals == ()


def test_a_refusal_outlives_worse_signals() -> None:
    """Else making things worse would lift it."""
    refused = voted(a_request(), "cto", granted=False)
    assert state(refused, here(seen=SEEN.model_copy(update={"risk": 99.0}))) is ApprovalState.REFUSED


def logged(action: str, approval: Approval, at: datetime = NOW, **details: Any) -> AuditEntry:
    known = {"id": approval.request.id, "commit": a_release().commit, "environment": "production"}
    draft = AuditDraft(action=action, actor="cto", subject=a_release().version, details=known | details)
    return chained(draft, sequence=1, previous=GENESIS, at=at)


@given(
    left=st.sampled_from(["nothing", "the request alone", "a grant in its place"]),
    minutes=st.integers(0, 100_000),
    risk=st.floats(0, 100),
)
def test_a_refusal_that_somebody_deleted_stands_as_the_log_tells_it(left: str, minutes: int, risk: float) -> None:
    """Until somebody asks again."""
    asked = a_request()
    papers = {"nothing": (), "the request alone": (asked,), "a grant in its place": (voted(asked, "cto"),)}[left]
    log = (logged("approval:requested", asked), logged("approval:rejected", asked))
    then = here(now=NOW + timedelta(minutes=minutes), seen=SEEN.model_copy(update={"risk": risk}))
    found = stand(Papers(approvals=papers, logged=log), then)
    assert found.approvals == (ApprovalState.REFUSED,)
    assert "was refused by cto" in found.remarks[-1]
    again = stand(Papers(approvals=papers, logged=(*log, logged("approval:requested", asked))), then)
    assert ApprovalState.REFUSED not in again.approvals


@pytest.mark.parametrize("other", [{"commit": OTHER_COMMIT}, {"commit": None}, {"environment": "staging"}, {"id": 7}])
def test_a_logged_refusal_of_another_commit_or_environment_says_nothing_here(other: dict[str, Any]) -> None:
    log = (logged("approval:rejected", a_request(), **other),)
    assert stand(Papers(logged=log), here()).approvals == ()


def test_a_request_made_where_another_log_is_kept_takes_the_place_of_an_older_refusal() -> None:
    old, new = a_request(), a_request(at=NOW + HOUR)
    new = new.model_copy(update={"request": new.request.model_copy(update={"id": "approval-of-elsewhere"})})
    papers = Papers(approvals=(new,), logged=(logged("approval:rejected", old),))
    assert stand(papers, here(now=NOW + HOUR)).approvals == (ApprovalState.PENDING,)


def test_the_latest_request_counts() -> None:
    """Asking again after a refusal starts anew, and after a grant too."""
    old = voted(a_request(), "cto", granted=False)
    new = a_request(at=NOW + HOUR)
    assert stand(Papers(approvals=(new, old)), here(now=NOW + HOUR)).approvals == (ApprovalState.PENDING,)


def forge(approval: Approval, **changes: Any) -> Approval:
    vote = voted(approval, "cto").votes[0].model_copy(update=changes)
    return approval.model_copy(update={"votes": (vote,)})


@pytest.mark.parametrize(
    "forged",
    [
        forge(a_request(), approver="vp"),
        forge(a_request(), justification="something else"),
        forge(a_request(), expires_at=NOW + 1000 * HOUR),
        forge(a_request(), signature=""),
        a_request(a_situation(seen=SEEN.model_copy(update={"risk": 1000.0}))).model_copy(
            update={"votes": voted(a_request(), "cto").votes}
        ),
        a_request(a_situation(policy="another")).model_copy(update={"votes": voted(a_request(), "cto").votes}),
    ],
    ids=["name", "words", "longer", "unsigned", "another situation", "another policy"],
)
def test_a_vote_that_was_changed_or_moved_counts_for_nothing(forged: Approval) -> None:
    """By whoever can write into Redis."""
    assert state(forged) is ApprovalState.PENDING


@pytest.mark.parametrize(
    ("then", "now", "is_worse"),
    [
        ("max_p95_latency_ms", (500.0, 500.0), False),
        ("max_p95_latency_ms", (500.0, 501.0), True),
        ("max_p95_latency_ms", (500.0, 400.0), False),
        ("min_line_coverage", (80.0, 79.9), True),
        ("min_line_coverage", (80.0, 81), False),
        ("min_grade", ("C", "D"), True),
        ("min_grade", ("C", "B"), False),
        ("change_ticket_approved", ("pending", "rejected"), True),
        ("changelog_updated", (False, False), False),
    ],
)
def test_a_failed_criterion_may_not_get_worse(then: str, now: tuple[MetricValue, MetricValue], is_worse: bool) -> None:
    def seen(value: MetricValue) -> Seen:
        criterion = SeenCriterion(status=GateStatus.FAILED, value=value)
        return Seen(risk=1, metrics={}, criteria={f"g.{then}": criterion})

    assert (worse(seen(now[1]), seen(now[0])) is not None) is is_worse


@pytest.mark.parametrize("then", GateStatus)
@pytest.mark.parametrize("now", GateStatus)
def test_a_criterion_may_not_cease_to_hold_nor_to_be_known(then: GateStatus, now: GateStatus) -> None:
    """One that failed and is not measured any more is not what was seen."""
    before, after = (
        Seen(risk=1, metrics={}, criteria={"g.c": SeenCriterion(status=status, value=None)}) for status in (then, now)
    )
    fine = now in (GateStatus.PASSED, GateStatus.ATTESTED, GateStatus.NOT_APPLICABLE) or now is then
    assert (worse(after, before) is None) is fine

"""record-outcome and history over the store."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from aqe.agents.deployment_readiness.capabilities import FORESIGHTS
from aqe.core.errors import InputError, NotFoundError
from aqe.core.records.decisions.history import HISTORY_KEY, Foresight
from aqe.fleet.decisions.outcomes import Recorded, history_report, outcome_writes, record_outcome
from aqe.fleet.runtime import Runtime
from aqe.fleet.tasks import new_task, perform
from aqe.memory.audit import AUDIT_LOG

V1 = Recorded("v1", "success")


def said(at: datetime, **changes: Any) -> Foresight:
    return Foresight(version="v1", assessed_at=at, **changes)


async def foresights(parts: Runtime, *items: Foresight) -> None:
    for item in items:
        await parts.memory.append("aqe/releases/v1/foresights", item)


async def test_what_assess_said_is_kept_with_the_outcome(parts: Runtime) -> None:
    await perform(parts, new_task(parts, "deployment-assessment", {"version": "v1"}))
    item = await record_outcome(parts, V1)
    assert item.before is not None and item.before.decision == "INCONCLUSIVE"
    assert await parts.memory.retrieve(HISTORY_KEY) == [item.to_dict()]
    report = await history_report(parts, environment="production", days=1, replay_policy="default")
    assert report.deployments == (item,)
    assert report.replay is not None and report.replay.releases[0].blocked


async def test_of_a_release_that_is_assessed_for_ever_the_newest_assessments_are_kept(parts: Runtime) -> None:
    key = "aqe/releases/v1/foresights"
    await foresights(parts, *[said(parts.clock.now(), risk=1)] * (FORESIGHTS + 1))
    await perform(parts, new_task(parts, "deployment-assessment", {"version": "v1"}))
    length, (last,) = await parts.memory.tail(key, 1)
    assert length == FORESIGHTS and last["risk"] != 1


async def test_the_last_assessment_before_the_deployment_counts(parts: Runtime) -> None:
    """Not the one made afterwards, of another environment, or of another commit."""
    at = parts.clock.now() - timedelta(hours=5)
    hour = timedelta(hours=1)
    await foresights(
        parts,
        said(at - 2 * hour, risk=1),
        said(at - hour, risk=2),
        said(at - hour / 2, risk=3, environment="staging"),
        said(at - hour / 3, risk=4, commit="bbbbbbb"),
        said(at + hour, risk=5),
    )
    item = await record_outcome(parts, Recorded("v1", "failed", deployed_at=at, commit="aaaaaaa"))
    assert item.before is not None and item.before.risk == 2


async def test_a_second_outcome_is_refused_unless_it_corrects_or_is_of_another_moment(parts: Runtime) -> None:
    at = parts.clock.now() - timedelta(hours=5)
    first = await record_outcome(parts, Recorded("v1", "success", deployed_at=at))
    for again in (V1, Recorded("v1", "failed", deployed_at=at)):
        with pytest.raises(InputError, match="v1 is recorded as success"):
            await record_outcome(parts, again)
    await record_outcome(parts, Recorded("v1", "success", deployed_at=at + timedelta(hours=1)))
    corrected = await record_outcome(parts, Recorded("v1", "failed", deployed_at=at, correct=True), by="somebody")
    assert corrected.corrects == first.id
    report = await history_report(parts, environment="production", days=1)
    assert [item.outcome for item in report.deployments] == ["failed", "success"]
    assert len(await parts.memory.retrieve(HISTORY_KEY)) == 3, "nothing is rewritten"
    (entry,) = await parts.memory.retrieve(AUDIT_LOG)
    assert (entry["action"], entry["subject"], entry["actor"]) == ("outcome:corrected", "v1", "somebody")
    assert entry["details"]["corrects"] == first.id


async def test_what_a_rollout_ended_is_recorded_also_where_the_clock_was_set_back_meanwhile(parts: Runtime) -> None:
    begun = parts.clock.now() + timedelta(hours=1)
    ended = begun + timedelta(minutes=5)
    assert len(await outcome_writes(parts, Recorded("v1", "success", deployed_at=begun, known_at=ended), "r1")) == 1


async def test_what_cannot_be_is_refused(parts: Runtime) -> None:
    now = parts.clock.now()
    with pytest.raises(NotFoundError, match="no outcome of v1"):
        await record_outcome(parts, Recorded("v1", "failed", correct=True))
    soon = now + timedelta(hours=1)
    with pytest.raises(InputError, match="before it is deployed"):
        await record_outcome(parts, Recorded("v1", "failed", deployed_at=soon, known_at=soon))
    with pytest.raises(InputError, match="cannot be restored at"):
        await record_outcome(parts, Recorded("v1", "failed", deployed_at=now, restored_at=now - timedelta(hours=1)))
    with pytest.raises(InputError, match="cannot be a release's version"):
        await record_outcome(parts, Recorded("a b", "failed"))
    with pytest.raises(InputError, match="did you mean 'default'"):
        await history_report(parts, environment="production", days=1, replay_policy="defalt")
    assert await parts.memory.retrieve(HISTORY_KEY) is None

"""A release in several regions in text: where each is, and what became of the requests of all."""

from aqe.cli.text_regions import regions_text
from aqe.core.records.rollouts.regions import Regional, RegionsStatus
from aqe.core.records.rollouts.rollout import ArmTotals, Rollout
from aqe.tests.unit.rollout import test_regions, test_step


def test_failed_requests_are_told_of_each_region_and_of_all() -> None:
    story = test_regions.Story(test_regions.a_plan())
    regional = Regional(
        id="g1", plan=story.plan, state=story.state, runner="r", started_at=story.at, updated_at=story.at
    )
    plan = test_step.a_plan()
    state = test_step.Story(plan).state
    rollouts = {
        name: Rollout(
            plan=plan,
            state=state.model_copy(update={"canary": ArmTotals(requests=requests, errors=errors)}),
            runner="r",
            updated_at=story.at,
        )
        for name, requests, errors in (("us-east", 300, 0), ("us-west", 100, 4))
    }
    text = regions_text(RegionsStatus(regional=regional, rollouts=rollouts))
    assert "4 of 100 (4 %)" in next(line for line in text.splitlines() if "us-west" in line)
    assert "since each region's stage began: 4 of 400 (1 %)" in text
    assert "regions: 4 PENDING" in text

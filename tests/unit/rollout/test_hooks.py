"""Programs before and after stages: what waits for them, what follows from a failure, and that they are run once."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from aqe.agents.deployment_readiness.rollout.step import step
from aqe.config.settings import load_settings
from aqe.core.errors import InputError
from aqe.core.records.release import Release
from aqe.core.records.rollouts.hooks import DueHook, EndedHook, StageHook
from aqe.core.records.rollouts.rollout import Order, Phase
from aqe.fleet.rollouts.parts import Wanted, plan, target
from aqe.fleet.rollouts.stage_programs import HookRunner
from aqe.tests.servers import documented
from aqe.tests.unit.rollout.test_step import START, Story, a_plan


def a_hook(name: str = "smoke", when: str = "after", **more: Any) -> StageHook:
    return StageHook(name=name, when=when, run=("true",), **more)  # type: ignore[arg-type]


def hook_ends(story: Story, problem: str | None = None) -> None:
    """The hook that is due ends; the last sample is looked at once more."""
    assert story.state.hook is not None
    assert story.state.last is not None
    ended = EndedHook(key=story.state.hook.key, problem=problem)
    story.state, happened = step(story.plan, story.state, story.state.last, None, ended)
    story.happened += happened


def until_hook(story: Story) -> str:
    while story.state.hook is None:
        story.look()
        assert story.state.phase in (Phase.STAGE, Phase.PREPARING)
    return story.state.hook.key


def test_the_next_stage_waits_for_the_hooks_after_this_one_and_before_it_in_this_order() -> None:
    story = Story(a_plan(hooks=(a_hook("warm", "before", stages=(50,)), a_hook("smoke", stages=(5,)))))
    assert until_hook(story) == "smoke after 5 %"
    story.looks(20)
    assert story.state.percent == 5
    hook_ends(story)
    assert until_hook(story) == "warm before 50 %"
    hook_ends(story)
    story.look()
    assert (story.state.percent, story.state.hooks_done) == (50, ("smoke after 5 %", "warm before 50 %"))
    story.looks_until(Phase.PROMOTED)


def test_before_the_first_stage_nothing_moves_until_its_hook_is_done() -> None:
    story = Story(a_plan(hooks=(a_hook("warm", "before", stages=(5,)),)))
    assert (story.state.phase, story.state.percent) == (Phase.PREPARING, 0)
    assert until_hook(story) == "warm before 5 %"
    hook_ends(story)
    story.look()
    assert story.state.percent == 5


def test_a_hook_that_fails_pauses_and_is_tried_again_when_the_rollout_is_resumed() -> None:
    story = Story(a_plan(hooks=(a_hook(stages=(5,)),)))
    until_hook(story)
    hook_ends(story, "ended with 1")
    assert (story.state.phase, story.state.hook) == (Phase.PAUSED, None)
    assert story.state.reason == "hook smoke after 5 % failed: ended with 1"
    story.look(order=Order.RESUME)
    assert until_hook(story) == "smoke after 5 %"


def test_or_takes_the_release_back() -> None:
    story = Story(a_plan(hooks=(a_hook(on_failure="rollback"),)))
    until_hook(story)
    hook_ends(story, "ended with 1")
    assert (story.state.phase, story.state.percent) == (Phase.ROLLING_BACK, 0)
    story.looks_until(Phase.ROLLED_BACK)


def test_while_a_hook_runs_a_bad_canary_is_taken_back() -> None:
    story = Story(a_plan(hooks=(a_hook(),)))
    until_hook(story)
    while story.state.phase is Phase.STAGE:
        story.look(errors=0.5)
    assert (story.state.phase, story.state.hook) == (Phase.ROLLING_BACK, None)


def test_promoting_by_order_leaves_hooks_out_and_a_late_end_changes_nothing() -> None:
    story = Story(a_plan(hooks=(a_hook(stages=(5,)),)))
    key = until_hook(story)
    story.look(order=Order.PROMOTE)
    assert (story.state.percent, story.state.hook) == (100, None)
    assert story.state.last is not None
    after, _ = step(story.plan, story.state, story.state.last, None, EndedHook(key=key, problem="late"))
    assert after.phase is Phase.STAGE


def due(code: str, *more: str, timeout_s: float = 20, key: str = "k") -> DueHook:
    run = (sys.executable, "-c", code, *more)
    return DueHook(key=key, percent=5, hook=StageHook(name="h", when="after", run=run, timeout_s=timeout_s))


async def ended(hooks: HookRunner) -> EndedHook:
    async with asyncio.timeout(30):
        while (end := hooks.ended()) is None:
            await asyncio.sleep(0.01)
    return end


async def test_a_hook_is_an_argument_list_and_is_begun_once(tmp_path: Path) -> None:
    file = tmp_path / "seen"
    hostile = a_plan().model_copy(update={"version": "$(touch x); {percent}"})
    hooks = HookRunner(hostile)
    one = due("import sys; open(sys.argv[1], 'a').write(sys.argv[2])", str(file), "{version} {percent} {other}")
    for _ in range(3):
        await hooks.begin(one)
    assert (await ended(hooks)).problem is None
    assert file.read_text() == "$(touch x); {percent} 5 {other}"
    assert hooks.ended() is None


@pytest.mark.parametrize(
    ("code", "words"), [("raise SystemExit(3)", "ended with 3"), ("import time; time.sleep(60)", "within 0.5 s")]
)
async def test_one_that_fails_or_hangs_says_so(code: str, words: str) -> None:
    hooks = HookRunner(a_plan())
    await hooks.begin(due(code, timeout_s=20 if "raise" in code else 0.5))
    assert words in ((await ended(hooks)).problem or "")


async def test_what_is_not_due_any_more_is_ended(tmp_path: Path) -> None:
    hooks = HookRunner(a_plan())
    code = "import sys, time, pathlib; pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"
    await hooks.begin(due(code, str(tmp_path / "began")))
    async with asyncio.timeout(30):
        while not (tmp_path / "began").exists():
            await asyncio.sleep(0.01)
    await hooks.begin(None)
    assert hooks.ended() is None


def test_a_hook_of_a_stage_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "aqe.yaml").write_text(documented("hooks.yaml"))
    section = target(load_settings({}, {}, tmp_path), "production")
    made = plan(section, Release(version="v2"), None, Wanted(), START)
    assert [(hook.name, hook.on_failure) for hook in made.hooks] == [
        ("warm-cache", "pause"),
        ("smoke-test", "rollback"),
    ]
    with pytest.raises(InputError, match=r"hook 'warm-cache' is of the stage 50 %, this rollout has 5, 100 %"):
        plan(section, Release(version="v2"), None, Wanted(stages=(5, 100)), START)

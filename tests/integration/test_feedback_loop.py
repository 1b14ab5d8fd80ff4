"""The feedback loop on the real server: one a fleet, saved before it acts, stopped in good order."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aqe.core.errors import InputError
from aqe.core.records.production.feedback import FEEDBACK_KEY, LoopPhase, LoopPlan, LoopState
from aqe.fleet.feedback import FeedbackLoop, heartbeat
from aqe.fleet.imports.ingest import Ingest
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import Open, eventually

ONE = ("error-pattern-mining", "load-pattern-analysis")


def a_loop(parts: Runtime, *, once: bool = True, output: Path | None = None) -> FeedbackLoop:
    plan = LoopPlan(interval_s=3600, analyses=ONE, days=7, once=once)
    return FeedbackLoop(parts, plan, output=output, said=lambda line: None)


async def saved(parts: Runtime) -> LoopState:
    return LoopState.from_value(await parts.memory.retrieve(FEEDBACK_KEY), where=FEEDBACK_KEY)


async def test_one_round_does_every_analysis_and_writes_what_was_found(open_parts: Open, tmp_path: Path) -> None:
    """One of them has nothing to analyse, which is no failure, and says so."""
    parts = await open_parts()
    log = tmp_path / "app.jsonl"
    record = {"timestamp": datetime.now(UTC).isoformat(), "level": "ERROR", "message": "no price"}
    log.write_text(json.dumps(record) + "\n")
    await Ingest(parts, None).files([log])
    await a_loop(parts, output=tmp_path / "out").run()
    state = await saved(parts)
    assert [run.status for run in state.runs] == ["completed", "no data"]
    assert "no requests" in str(state.runs[1].error)
    assert (state.phase, state.rounds_done) == (LoopPhase.STOPPED, 1)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "insights.json", "prioritization.json", "test-scenarios.json"
    }  # fmt: skip


async def test_a_second_loop_is_refused_and_told_to_stop_the_first_one_waits_no_longer(open_parts: Open) -> None:
    """An hour is left of its interval."""
    parts, others = await open_parts(), await open_parts()
    loop = a_loop(parts, once=False)
    running = asyncio.create_task(loop.run())

    async def waits() -> bool:
        return await parts.memory.retrieve(FEEDBACK_KEY) is not None and (await saved(parts)).rounds_done == 1

    await eventually(waits)
    with pytest.raises(InputError, match="runs in this fleet already"):
        await a_loop(others).run()
    loop.stop()
    assert (await asyncio.wait_for(running, 10)).phase is LoopPhase.STOPPED


async def test_of_two_that_both_think_they_hold_it_one_ends(open_parts: Open) -> None:
    """The heartbeat had gone; the state's version tells."""
    parts, others = await open_parts(), await open_parts()
    loop = a_loop(parts, once=False)
    running = asyncio.create_task(loop.run())

    async def began() -> bool:
        return bool(await parts.clients.commands.exists(heartbeat("")))

    await eventually(began)
    await parts.clients.commands.delete(heartbeat(""))
    other = a_loop(others)
    (second,) = await asyncio.gather(other.run(), return_exceptions=True)
    loop.stop()
    outcomes = [second, *await asyncio.gather(running, return_exceptions=True)]
    refused = [o for o in outcomes if isinstance(o, InputError)]
    assert len(refused) >= 1


async def test_anomalies_are_taken_in_once(open_parts: Open) -> None:
    """Also by the loop that comes after."""
    parts = await open_parts()
    client: Any = parts.clients.commands
    for number in range(3):
        event = ["type", "anomaly:detected", "specversion", "1.0", "datacontenttype", "application/json",
                 "id", f"e{number}", "source", "x", "time", "2026-03-02T12:00:00.000Z", "data",
                 json.dumps({"anomaly": f"a{number}", "type": "T", "severity": "HIGH", "series": "s", "service": None,
                             "beganAt": "2026-03-02T12:00:00Z", "explanation": "x"})]  # fmt: skip
        await client.execute_command("XADD", "aqe:events:anomaly:detected", "*", *event)
    await client.execute_command("SADD", "aqe:events", "anomaly:detected")
    await a_loop(parts).run()
    await parts.clients.commands.delete(heartbeat(""))
    await a_loop(parts).run()
    state = await saved(parts)
    assert (state.anomalies, state.anomalies_noticed) == (("a0", "a1", "a2"), 3)

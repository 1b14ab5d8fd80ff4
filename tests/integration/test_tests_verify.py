"""`aqe tests verify` on the real server: what is covered is kept, whatever runs again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aqe.core.records.production.feedback import FEEDBACK_KEY, LoopPlan
from aqe.core.records.production.findings import FindingPriority
from aqe.core.records.production.scenarios import Expectation, Provenance, RequestStep, TestScenario
from aqe.fleet.feedback import FeedbackLoop
from aqe.fleet.runtime import Runtime
from aqe.fleet.suites.verify import keep, verify
from aqe.tests.integration.conftest import Open
from aqe.tests.integration.test_insight_merging import LIST, ending, found
from aqe.tests.ui_scenarios import a_ui_scenario

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OFFERED = ("aqe/production/test-scenarios", "aqe/test-scenarios/production-derived", "aqe/test-requirements")
# The URL is the behaviour: no service is needed to be red or green.
TEXT = '''"""Written by aqe from what production did: finding err-1, KeyError, seen 3 times in 9 records."""

import os


def test_it() -> None:
    assert os.environ["AQE_TARGET_URL"] != "http://broken"
'''


def a_scenario() -> TestScenario:
    below = Expectation(kind="status-below", value=500, because="it answered 500")
    return TestScenario(
        id="scenario-err-1",
        title="GET /api/products/3 must not fail",
        priority=FindingPriority.HIGH,
        steps=(RequestStep(method="GET", path="/api/products/3", expectations=(below,)),),
        provenance=Provenance(finding_id="err-1", finding="KeyError", occurrences=3, sample_size=9),
    )


async def covered_by(parts: Runtime, key: str) -> list[Any]:
    return [one.get("coveredBy") for one in await parts.memory.retrieve(key)]


async def test_what_a_test_covers_is_kept_with_finding_insight_and_scenario_until_it_is_no_longer_so(
    open_parts: Open, tmp_path: Path
) -> None:
    """Analyses that run again keep it; verified again and green on the broken service, it goes."""
    parts = await open_parts()
    (tmp_path / "test_a.py").write_text(TEXT)
    await parts.memory.apply((await ending(parts, "error-pattern-mining", found("err-1", "err-2"))).effects)
    for key in OFFERED[:2]:
        await parts.memory.store(key, [a_scenario(), {"somebody": "else's"}])
    result = await verify(
        tmp_path, target=None, broken="http://broken", fixed="http://fixed", now=NOW, said=lambda line: None
    )
    await keep(parts, result)
    for key in OFFERED[:2]:
        assert await covered_by(parts, key) == [["test_a.py"], None]
    assert await parts.memory.retrieve(OFFERED[2]) is None, "what no analysis offers is not made"
    await parts.memory.apply((await ending(parts, "error-pattern-mining", found("err-1", "err-2"))).effects)
    assert sorted(await covered_by(parts, LIST)) == [[], ["test_a.py"]]
    green = result.files[0].model_copy(update={"broken": result.files[0].fixed})
    await keep(parts, result.model_copy(update={"files": (green,), "covered": ()}))
    assert (await parts.memory.retrieve(FEEDBACK_KEY))["covered"] == []
    assert await covered_by(parts, LIST) == [[], []]
    assert await covered_by(parts, OFFERED[0]) == [[], None]


async def test_the_feedback_loop_writes_the_tests_there_are(open_parts: Open, tmp_path: Path) -> None:
    """With a browser where they need one; a second round replaces its own files and keeps what somebody edited."""
    parts = await open_parts()
    scenarios = [a_scenario().model_copy(update={"id": "scenario-rec-1"}), a_ui_scenario(), {"somebody": "else's"}]
    await parts.memory.store(OFFERED[0], scenarios)
    said: list[str] = []

    async def one_round() -> None:
        plan = LoopPlan(interval_s=3600, analyses=("load-pattern-analysis",), days=7, once=True)
        loop = FeedbackLoop(parts, plan, output=tmp_path, write_tests=True, said=said.append)
        await parts.clients.commands.delete(f"{parts.settings.prefix}aqe:feedback-loop")
        await loop.run()

    await one_round()
    files = sorted(path.name for path in (tmp_path / "tests").iterdir())
    assert len(files) == 3 and "conftest.py" in files
    (written,) = (path for path in (tmp_path / "tests").iterdir() if "/api/products/3" in path.read_text())
    written.write_text(written.read_text() + "# mine\n")
    await one_round()
    assert written.read_text().endswith("# mine\n") and not [line for line in said if "is not written" in line]
    assert any("left out" in line for line in said)

"""Short forms of drills (`make drill`) whose rule no other test states; the drills themselves also measure times."""

from pathlib import Path

import pytest

from aqe.benchmarks.drills import crash, crowd, loss, network
from aqe.benchmarks.drills.driver import run
from aqe.benchmarks.drills.stage import Drill
from aqe.benchmarks.drills.table import DRILLS

HERE = (
    network.reply_lost,
    network.reads_cancelled,
    crash.told_to_go,
    crowd.fifty_subscribers,
    crowd.a_slow_one,
    loss.memory_full,
)


@pytest.mark.xdist_group("own server")
@pytest.mark.parametrize("drill", [drill for drill in DRILLS if drill.run in HERE], ids=lambda drill: drill.name)
async def test_a_drill_comes_out_right(tmp_path: Path, drill: Drill) -> None:
    """Nothing lost, doubled or wrong; how long it took is for a quiet machine."""
    outcome = await run(drill, tmp_path, quick=True)
    assert outcome.right, f"expected {drill.expected}, measured {outcome.measured}"


async def test_a_drill_that_raises_has_failed(tmp_path: Path) -> None:
    """It says so in its row, and the others go on."""

    async def broken(_: object) -> None:
        raise ZeroDivisionError("oops")

    outcome = await run(Drill("broken", "nothing", broken), tmp_path, quick=True)  # type: ignore[arg-type]
    assert not outcome.ok and "ZeroDivisionError: oops" in outcome.measured

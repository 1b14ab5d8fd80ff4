"""ReplayPlan -> a pytest file that replays an incident; its conditions stand in the YAML file beside it."""

from ..core.records.production.incident_replay import ReplayPlan
from .derived import wrapped
from .literals import python_prose, slug

_WIDTH = 88
_BODY = '''
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CONDITIONS = Path(__file__).with_suffix(".yaml")
# Production seconds a second.
SCALE = os.environ.get("AQE_REPLAY_SCALE", "1:100")


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """The incident once more, against a service that is started for it."""
    target = os.environ.get("AQE_TARGET_COMMAND", "")
    if not target:
        pytest.fail(
            "AQE_TARGET_COMMAND is not set, expected the command that starts the service,"
            " with {port} where its port belongs"
        )
    replay = [sys.executable, "-P", "-m", "aqe", "production", "replay-incident"]
    options = ["--conditions", str(CONDITIONS), "--target", target, "--scale", SCALE]
    if baseline := os.environ.get("AQE_BASELINE_COMMAND"):
        options += ["--baseline", baseline]
    done = subprocess.run([*replay, *options, "--json"], capture_output=True, text=True)
    if not done.stdout:
        pytest.fail(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_replay_is_faithful(report: dict[str, Any]) -> None:
    """The service as it was, where AQE_BASELINE_COMMAND starts it, shows the incident."""
    assert report["verdict"] != "INCONCLUSIVE", report["because"]


def test_the_service_stands_the_incident(report: dict[str, Any]) -> None:
    """What failed in production holds under the same conditions."""
    failed = [f"{c['what']}: {c['found']}" for c in report["checks"] if not c["holds"]]
    assert not failed, "; ".join(failed)
'''


def replay_name(plan: ReplayPlan) -> str:
    """`test_replay_inc_2024_1234`, without a suffix."""
    return f"test_replay_{slug(plan.incident) or 'incident'}"


def render_replay(plan: ReplayPlan) -> str:
    """The file's text: ASCII, formatted, the same bytes for the same plan."""
    times = plan.figures
    title = wrapped(f'"""Incident {python_prose(plan.incident)}: {python_prose(plan.title)}.', _WIDTH)
    derived = wrapped(
        f"Written by aqe from what production did: {times.requests:,} requests, answered after"
        f" {times.p50_ms / 1000:.1f} s at the median and {times.p95_ms / 1000:.1f} s at the 95th percentile.",
        _WIDTH,
    )
    # Only at blanks: an escape that is cut in two is no Python.
    reasons = [line for why in plan.reasons for line in wrapped(f"- {python_prose(why)}", _WIDTH, indent="  ")]
    how = 'Run it: AQE_TARGET_COMMAND="python service.py {port}" pytest FILE'
    return "\n".join([*title, "", *derived, *(["", *reasons] if reasons else []), "", how, '"""', _BODY])

"""A small incident of the kind of INC-2024-1234, replayed with real processes: red as it was, green as repaired."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aqe.benchmarks.incidents.rows import START, the_plan, the_rows
from aqe.cli.main import main
from aqe.core.records.bulk.apm import SpanRow
from aqe.fleet.replays.incident import read_replay, write_replay
from aqe.tests.e2e.cli_project import TIMEOUT_S, Project

PAYMENT = Path(__file__).parents[2] / "examples" / "incident" / "payment.py"
SCALE = "1:20"
pytestmark = pytest.mark.xdist_group("replay")


def command(service: str) -> str:
    return f"{sys.executable} {PAYMENT} {service} {{port}}"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten payments, five connections."""
    return write_replay(the_plan(payments=10, pool=5), tmp_path_factory.mktemp("replay"))


def aqe(*arguments: object) -> Any:
    return CliRunner().invoke(main, ["production", "replay-incident", *map(str, arguments)])


def test_the_service_as_it_was_shows_the_incident_and_what_its_time_out_hides(written: list[Path]) -> None:
    done = aqe(
        "--conditions", written[1], "--target", command("naive"), "--scale", SCALE, "--tolerance", "20%", "--json"
    )
    report = json.loads(done.stdout)
    assert (done.exit_code, report["verdict"]) == (1, "REPRODUCED"), report
    assert report["run"]["figures"]["outcomes"] == {"504 GATEWAY_TIMEOUT": 10}
    (hidden,) = report["run"]["hidden"]
    assert hidden["unseen"] == hidden["wouldFail"] > 0


def test_the_written_test_is_green_on_the_repaired_service(written: list[Path], tmp_path: Path) -> None:
    """Run as its reader would."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AQE_", "PYTEST_"))}
    env |= {"AQE_TARGET_COMMAND": command("fixed"), "AQE_REPLAY_SCALE": SCALE}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(written[0])],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def zipkin(span: SpanRow) -> dict[str, Any]:
    """As a tracer sends it."""
    tags = {
        "http.method": span.request_method, "http.path": span.request_path, "db.system": span.db_system,
        "http.status_code": span.status and str(span.status), "error": "true" if span.is_error else None,
    }  # fmt: skip
    ids = {name: sha256(f"{span.trace_id}{own}".encode()).hexdigest()[:16] for name, own in
           (("id", span.span_id), ("parentId", span.parent_id)) if own}  # fmt: skip
    return {
        "traceId": sha256(span.trace_id.encode()).hexdigest()[:32], **ids, "kind": span.kind.upper(), "name": span.name,
        "timestamp": int(span.at.timestamp() * 1e6), "duration": int(1000 * (span.duration_ms or 0)),
        "localEndpoint": {"serviceName": span.service},
        **({"remoteEndpoint": {"serviceName": span.peer}} if span.peer else {}),
        "tags": {name: value for name, value in tags.items() if value},
    }  # fmt: skip


def test_an_imported_incident_is_replayed_from_imported_traces(tmp_path: Path) -> None:
    """Tracker and tracer are two programs; the replay is put together by service and time."""
    began = START.isoformat()
    tracker = {"id": "Q41", "incident_number": 41, "type": "incident", "urgency": "high", "status": "resolved",
               "title": "Payments: Gateway timeout after 30s", "created_at": began,
               "service": {"id": "S1", "summary": "payment-service"},
               "resolved_at": (START + timedelta(seconds=342)).isoformat()}  # fmt: skip
    with Project.at(tmp_path) as project:
        spans = project.write("spans.json", json.dumps([zipkin(span) for span in the_rows(10, 5)]))
        project.ok("import", project.write("incidents.json", json.dumps({"incidents": [tracker]})), spans)
        told = project.aqe("production", "replay-incident", "--incident-id", "41")
        assert "10 requests" in told.stdout and "--output DIR writes the replay" in told.stderr
        project.ok("production", "replay-incident", "--incident-id", "41", "--output", "replays")
        unknown = project.aqe("production", "replay-incident", "--incident-id", "42", "--output", "replays")
    plan = read_replay(tmp_path / "replays" / "test_replay_41.yaml")
    assert plan.figures.outcomes == {"504": 10} and plan.figures.p95_ms == the_plan(10, 5).figures.p95_ms
    assert (plan.service, plan.pool_size, plan.timeout_ms) == ("payment-service", 5, 30_000)
    assert {(f.upstream, f.kind, f.value) for f in plan.conditions.faults} == {
        ("postgresql", "latency", 12_000), ("bank", "latency", 45_000), ("bank", "error", 503)
    }  # fmt: skip
    assert "fail" in plan.masking[0].words
    assert unknown.returncode == 1 and "no incident '42'" in unknown.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "expected either --incident-id or --conditions"),
        (["--conditions", "gone.yaml", "--target", "x"], "gone.yaml: No such file"),
        (["--conditions", "FILE", "--target", "no-such-program"], "cannot be started"),
        (["--conditions", "FILE", "--target", "http://127.0.0.1:1"], "--proxy bank=127.0.0.1:PORT is missing"),
        (["--conditions", "FILE", "--target", "x", "--upstream", "redis=x:1"], "'redis' is no dependency"),
        (["--conditions", "FILE", "--target", "x", "--scale", "100:1"], "is no scale"),
    ],
)
def test_a_mistake_is_one_line(written: list[Path], arguments: list[str], problem: str) -> None:
    done = aqe(*(written[1] if argument == "FILE" else argument for argument in arguments))
    assert done.exit_code == 2 and problem in " ".join(done.output.split()), done.output

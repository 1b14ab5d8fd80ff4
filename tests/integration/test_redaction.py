"""What is stored of imports: nothing that identifies people or opens doors, unless the project says so out loud."""

import gzip
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from aqe.benchmarks.redaction.heldout import SEEDS, lines
from aqe.config.settings import load_settings
from aqe.core.records.bulk.logs import AccessRow
from aqe.core.records.bulk.rows import ACCESS, DATASET_ROWS, LOGS, PRODUCT
from aqe.core.records.release import Release
from aqe.fleet.doctor import run_doctor
from aqe.fleet.imports.import_paths import inputs
from aqe.fleet.imports.ingest import Ingest
from aqe.fleet.imports.redaction import KEPT_ACTION
from aqe.fleet.overview import overview
from aqe.fleet.runtime import Runtime, open_runtime

RELEASE = Release(version="v1", commit="a" * 40)
SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples"
USER = "ann@example.org"
LOG = {
    "timestamp": "2026-11-23T10:00:00Z",
    "level": "INFO",
    "message": f"mail for {USER} from 203.0.113.9",
    "user": USER,
}
EVENT = {
    "event": "buy",
    "properties": {"time": 1_795_428_000, "distinct_id": USER, "$insert_id": "1", "ip": "203.0.113.9"},
}
ACCESS_LINE = f'203.0.113.9 - - [24/Nov/2026:10:00:00 +0000] "GET /?user={USER} HTTP/1.1" 200 5 "-" "curl"\n'


@asynccontextmanager
async def a_runtime(redis_url: str, folder: Path, yaml: str = "") -> AsyncIterator[Runtime]:
    (folder / "aqe.yaml").write_text(yaml)
    settings = load_settings({"redis_url": redis_url, "data_dir": str(folder / "data")}, env={}, cwd=folder)
    async with open_runtime(settings, name="test") as parts:
        yield parts


def files(folder: Path) -> list[Path]:
    """One person in three formats, one of them packed."""
    (folder / "app.jsonl.gz").write_bytes(gzip.compress(json.dumps(LOG).encode() + b"\n"))
    (folder / "events.jsonl").write_text(json.dumps(EVENT) + "\n")
    (folder / "access.log").write_text(ACCESS_LINE)
    return [folder / name for name in ("app.jsonl.gz", "events.jsonl", "access.log")]


async def stored(runtime: Runtime) -> str:
    """Everything: values, histories, rows."""
    parts: list[Any] = [await runtime.memory.retrieve_pattern("*")]
    for key in await runtime.memory.keys("*"):
        parts.append(await runtime.memory.retrieve(key))
    parts += [row for kind in DATASET_ROWS for row in runtime.datasets.rows(kind)]
    return json.dumps(parts, default=str, ensure_ascii=False)


async def test_a_person_is_the_same_in_every_format_file_and_day(redis_url: str, tmp_path: Path) -> None:
    """And nobody by name: so journeys can be followed across sources."""
    async with a_runtime(redis_url, tmp_path) as runtime:
        await Ingest(runtime, RELEASE).files(files(tmp_path))
        (log,), (event,), (access,) = (list(runtime.datasets.rows(kind)) for kind in (LOGS, PRODUCT, ACCESS))
        assert isinstance(access, AccessRow)
        digest = log.user.strip("<>").split(":")[1]
        assert log.user == event.user == f"<user:{digest}>"
        assert f"<email:{digest}>" in log.message
        assert access.path == f"/?user=<email:{digest}>"
        assert access.client in log.message
        text = await stored(runtime)
        assert USER not in text
        assert "203.0.113.9" not in text
    key = tmp_path / "data" / "redaction.key"
    assert key.stat().st_mode & 0o777 == 0o600


async def test_what_is_left_in_stands_in_the_audit_log_in_status_and_in_doctor(redis_url: str, tmp_path: Path) -> None:
    """Some kinds only."""
    async with a_runtime(redis_url, tmp_path, "redaction:\n  keep: [ip]\n") as runtime:
        await Ingest(runtime, RELEASE).files(files(tmp_path)[::2])
        text = await stored(runtime)
        assert USER not in text
        assert "203.0.113.9" in text
        entries = [entry for entry in await runtime.memory.retrieve("aqe/audit/log") if entry["action"] == KEPT_ACTION]
        assert [
            (entry["details"]["keep"], entry["details"]["file"], entry["details"]["stored"]) for entry in entries
        ] == [
            (["ip"], "app.jsonl.gz", 1),
            (["ip"], "access.log", 1),
        ]
        assert (await overview(runtime.settings)).redaction_keeps == ("ip",)
        settings = runtime.settings
    (check,) = [check for check in _doctor(settings) if check.name == "redaction"]
    assert (check.status, check.detail) == ("warn", "keeps ip: production data is stored with it")


async def test_all_of_it_can_be_left_in_and_a_dry_run_is_not_noted(redis_url: str, tmp_path: Path) -> None:
    """It is the project's data; the log says who wanted it so."""
    async with a_runtime(redis_url, tmp_path, "redaction:\n  keep: all\n") as runtime:
        await Ingest(runtime, RELEASE, dry_run=True).files(files(tmp_path))
        assert await runtime.memory.retrieve("aqe/audit/log") is None
        await Ingest(runtime, RELEASE).files(files(tmp_path))
        text = await stored(runtime)
        assert USER in text
        assert "203.0.113.9" in text
        assert {entry["details"]["keep"][0] for entry in await runtime.memory.retrieve("aqe/audit/log")} == {"all"}


async def test_by_default_nothing_is_left_in_and_nothing_is_noted(redis_url: str, tmp_path: Path) -> None:
    """The ordinary case has no entry and no warning."""
    async with a_runtime(redis_url, tmp_path) as runtime:
        await Ingest(runtime, RELEASE).files(files(tmp_path))
        assert await runtime.memory.retrieve("aqe/audit/log") is None
        settings = runtime.settings
    assert not [check for check in _doctor(settings) if check.name == "redaction"]


def _doctor(settings: Any) -> tuple[Any, ...]:
    from concurrent.futures import ThreadPoolExecutor  # the doctor runs a loop of its own

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run_doctor, settings).result()


async def test_of_planted_values_none_is_in_any_key_or_dataset(redis_url: str, tmp_path: Path) -> None:
    """But the few that redaction is known to miss; in log lines and in properties."""
    # A given name alone ("Mei") may stand in any word.
    values = [line for line in lines(1_300, SEEDS[0]) if line.kind != "given name"]
    log = [json.dumps(LOG | {"message": line.text}) for line in values]
    (tmp_path / "app.jsonl").write_text("\n".join(log))
    events = [
        json.dumps({"event": "x", "properties": {"time": 1_795_428_000 + n, "distinct_id": n, "note": line.text}})
        for n, line in enumerate(values)
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(events))
    async with a_runtime(redis_url, tmp_path) as runtime:
        reports = await Ingest(runtime, RELEASE).files([tmp_path / "app.jsonl", tmp_path / "events.jsonl"])
        assert [report.rows for report in reports] == [len(values), len(values)]
        text = await stored(runtime)
    left = {line.value for line in values if line.value and json.dumps(line.value, ensure_ascii=False)[1:-1] in text}
    assert len(left) <= 0.005 * len(values), sorted(left)[:20]


async def test_what_tools_quote_in_their_findings_is_redacted(redis_url: str, tmp_path: Path) -> None:
    """A scanner for secrets prints the secret; a failing test prints what it compared."""
    key = "AKIA" + "Q3EGRIT5ZBHA7XPM"
    failure = f'<failure message="{USER} != 203.0.113.9"/>'
    (tmp_path / "junit.xml").write_text(f'<testsuite><testcase name="a">{failure}</testcase></testsuite>')
    result = {"ruleId": "aws-key", "level": "error", "message": {"text": f"found {key} in config"}}
    sarif = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gitleaks"}}, "results": [result]}]}
    (tmp_path / "leaks.sarif").write_text(json.dumps(sarif))
    async with a_runtime(redis_url, tmp_path) as runtime:
        await Ingest(runtime, RELEASE).files([tmp_path / "junit.xml", tmp_path / "leaks.sarif"])
        text = await stored(runtime)
    assert not [value for value in (USER, "203.0.113.9", key) if value in text]
    assert "found <key:" in text


# Naive on purpose, and no part of the product: whatever looks like it counts.
RAW = {
    "e-mail": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,}",
    "address": r"(?<![\d.])(?!127\.|0\.0\.)(?:\d{1,3}\.){3}\d{1,3}(?![\d.])",
    "JWT": r"eyJ[\w-]{10,}\.[\w-]+",
    "key": r"AKIA\w{16}|gh[pousr]_\w{30,}|xox[bp]-\S+|sk_live_\w+|AIza\S{30,}|PRIVATE KEY-----",
    "bearer": r"(?i)bearer [a-z0-9._-]{20,}",
    "password": r"(?i)passw(?:or)?d['\"]?[=:]\s*['\"]?(?!<)[\w!]{4,}",
    "phone": r"(?<![\w.])\+\d{2}[\d ]{8,}",
}


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are no part of the repository")
async def test_after_all_samples_no_key_and_no_dataset_holds_anything_raw(redis_url: str, tmp_path: Path) -> None:
    """Real files of real tools: scanned in Redis and in Parquet."""
    async with a_runtime(redis_url, tmp_path) as runtime:
        reports = await Ingest(runtime, RELEASE).inputs(inputs([str(SAMPLES)]))
        assert sum(not report.failed and not report.skipped for report in reports) >= 150
        text = await stored(runtime)
    assert not {(kind, match) for kind, pattern in RAW.items() for match in re.findall(pattern, text)}

"""Files into signals and datasets, on a real server."""

import asyncio
import gzip
import os
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aqe.config.settings import load_settings
from aqe.core.records.bulk.rows import ACCESS, LOGS
from aqe.core.records.release import Release
from aqe.core.records.signals import Outcome, Signal, SignalKind, SignalPart
from aqe.fleet.imports.experiments import ExperimentColumn
from aqe.fleet.imports.ingest import Ingest, put_part
from aqe.fleet.runtime import Runtime, open_runtime

RELEASE = Release(version="v1", commit="a" * 40)
CASES = '<testcase name="a"/><testcase name="b"><failure/></testcase>'
JUNIT = f'<testsuites><testsuite name="s">{CASES}</testsuite></testsuites>'
ACCESS_LINE = '10.0.0.{n} - - [23/Nov/2026:10:00:{n:02d} +0000] "GET /p/{n} HTTP/1.1" {status} 5 "-" "curl" {us}\n'
LOG_LINE = (
    '{"timestamp":"2026-11-23T10:00:00Z","level":"ERROR","message":"no price for ann@example.org","path":"/p/1"}\n'
)


@pytest.fixture
async def runtime(redis_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    settings = load_settings({"redis_url": redis_url, "data_dir": str(tmp_path / "data")}, env={}, cwd=tmp_path)
    async with open_runtime(settings, name="test") as parts:
        yield parts


def a_file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


async def signal(runtime: Runtime, kind: SignalKind) -> Signal:
    value = await runtime.memory.retrieve(f"aqe/releases/v1/signals/{kind}")
    return Signal.from_value(value, where=str(kind))


async def test_a_report_becomes_a_signal_its_mirror_a_release_and_an_event(runtime: Runtime, tmp_path: Path) -> None:
    """One file, four effects, in one transaction."""
    (report,) = await Ingest(runtime, RELEASE).files([a_file(tmp_path, "junit.xml", JUNIT)])

    assert (report.outcome, report.signals) == (Outcome.VALUE, ("test-results",))
    stored = await signal(runtime, SignalKind.TEST_RESULTS)
    assert stored.metrics["failed_tests"] == 1
    assert await runtime.memory.retrieve("aqe/quality-signals/test-results") == stored.to_dict()
    assert (await runtime.memory.retrieve("aqe/releases/v1/release"))["commit"] == RELEASE.commit
    (event,) = [event async for _, event in runtime.bus.tail("signal:*", start="0", follow=False)]
    assert (event.data.kind, event.data.version, event.data.outcome) == ("test-results", "v1", "value")


async def test_importing_again_replaces_and_another_file_adds(runtime: Runtime, tmp_path: Path) -> None:
    """A part is known by its tool and file; counts of different files add up."""
    ingest = Ingest(runtime, RELEASE)
    unit, e2e = a_file(tmp_path, "unit.xml", JUNIT), a_file(tmp_path, "e2e.xml", JUNIT)
    await ingest.files([unit, unit])
    assert (await signal(runtime, SignalKind.TEST_RESULTS)).metrics["total_tests"] == 2
    await ingest.files([e2e])
    assert (await signal(runtime, SignalKind.TEST_RESULTS)).metrics["total_tests"] == 4


async def test_reports_of_one_name_in_two_folders_are_two_parts(runtime: Runtime, tmp_path: Path) -> None:
    """A failing suite must not be replaced by a passing one that happens to have the same file name."""
    for folder in ("unit", "e2e"):
        (tmp_path / folder).mkdir()
    files = [a_file(tmp_path / "unit", "junit.xml", JUNIT), a_file(tmp_path / "e2e", "junit.xml", JUNIT)]
    await Ingest(runtime, RELEASE).files(files)
    stored = await signal(runtime, SignalKind.TEST_RESULTS)
    assert stored.metrics["failed_tests"] == 2
    assert sorted(stored.parts) == ["junit-xml:e2e/junit.xml", "junit-xml:unit/junit.xml"]


async def test_a_file_that_says_nothing_of_a_kind_any_more_takes_its_part_back(
    runtime: Runtime, tmp_path: Path
) -> None:
    """Else the old findings, or the old clean bill, would stand for ever."""
    found = '[{"ruleId": "S101", "level": "error", "message": {"text": "assert"}}]'
    for results, kinds in ((found, {"code-quality", "security"}), ("[]", {"code-quality"})):
        sarif = f'{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "ruff"}}}}, "results": {results}}}]}}'
        await Ingest(runtime, RELEASE).files([a_file(tmp_path, "ruff.sarif", sarif)])
        stored = await runtime.memory.keys("aqe/releases/v1/signals/*")
        assert {key.rpartition("/")[2] for key in stored} == kinds
        assert {key.rpartition("/")[2] for key in await runtime.memory.keys("aqe/quality-signals/*")} == kinds


async def test_without_a_known_commit_parts_stay_together(runtime: Runtime, tmp_path: Path) -> None:
    """Nobody said that they are of different commits; one that is known is kept."""
    unknown = Release(version="v1")
    await Ingest(runtime, unknown).files([a_file(tmp_path, "unit.xml", JUNIT)])
    await Ingest(runtime, RELEASE).files([a_file(tmp_path, "e2e.xml", JUNIT)])
    await Ingest(runtime, unknown).files([a_file(tmp_path, "ui.xml", JUNIT)])
    stored = await signal(runtime, SignalKind.TEST_RESULTS)
    assert stored.metrics["failed_tests"] == 3
    assert stored.release.commit == RELEASE.commit


async def test_parts_of_another_commit_are_dropped(runtime: Runtime, tmp_path: Path) -> None:
    """They say nothing about this one."""
    await Ingest(runtime, RELEASE).files([a_file(tmp_path, "unit.xml", JUNIT)])
    await Ingest(runtime, Release(version="v1", commit="b" * 40)).files([a_file(tmp_path, "e2e.xml", JUNIT)])
    assert (await signal(runtime, SignalKind.TEST_RESULTS)).metrics["failed_tests"] == 1


async def test_a_cut_report_leaves_the_kind_without_evidence(runtime: Runtime, tmp_path: Path) -> None:
    """What could not be read may be the worst of all, so the good half does not count alone."""
    ingest = Ingest(runtime, RELEASE)
    await ingest.files([a_file(tmp_path, "unit.xml", JUNIT)])
    (report,) = await ingest.files([a_file(tmp_path, "e2e.xml", JUNIT[: len(JUNIT) // 2])])
    assert report.outcome in (Outcome.TOOL_FAILED, Outcome.NOT_MEASURED)
    assert (await signal(runtime, SignalKind.TEST_RESULTS)).metrics == {}


async def test_a_broken_file_fails_alone(runtime: Runtime, tmp_path: Path) -> None:
    """The others of the batch are imported."""
    files = [tmp_path / "none.xml", a_file(tmp_path, "junk.bin", "\x00\x01junk"), a_file(tmp_path, "unit.xml", JUNIT)]
    reports = await Ingest(runtime, RELEASE).files(files)
    assert [report.failed for report in reports] == [True, True, False]
    assert all(report.reason for report in reports[:2])
    assert (await signal(runtime, SignalKind.TEST_RESULTS)).metrics["total_tests"] == 2


async def test_an_access_log_becomes_rows_and_performance(runtime: Runtime, tmp_path: Path) -> None:
    """Latency and error share are those of the log's own requests."""
    lines = "".join(ACCESS_LINE.format(n=n, status=500 if n < 2 else 200, us=n * 1000) for n in range(40))
    (report,) = await Ingest(runtime, RELEASE).files([a_file(tmp_path, "access.log", lines)])

    assert report.rows == 40
    metrics = (await signal(runtime, SignalKind.PERFORMANCE)).metrics
    assert metrics["requests"] == 40
    assert metrics["error_rate_percent"] == 5.0
    assert metrics["p95_latency_ms"] == pytest.approx(37.05)
    rows = list(runtime.datasets.rows(ACCESS, release="v1"))
    assert len(rows) == 40
    assert not any("10.0.0." in str(row) for row in rows), "addresses are pseudonyms"


async def test_log_lines_are_redacted_and_referred_to(runtime: Runtime, tmp_path: Path) -> None:
    """Rows lie in the dataset, memory holds where; importing the same file again does not double them."""
    ingest = Ingest(runtime, RELEASE)
    log = a_file(tmp_path, "app.jsonl", LOG_LINE * 3)
    await ingest.files([log, log])

    rows = list(runtime.datasets.rows(LOGS))
    assert len(rows) == 3
    assert "ann@example.org" not in rows[0][2]
    (reference,) = await runtime.memory.retrieve("aqe/production/logs")
    assert (reference["rows"], reference["source"], reference["release"]) == (3, "app.jsonl", "v1")


async def test_a_packed_log_and_the_same_unpacked_are_one(runtime: Runtime, tmp_path: Path) -> None:
    """Rows are known by the hash of what was packed."""
    packed = tmp_path / "app.jsonl.gz"
    packed.write_bytes(gzip.compress((LOG_LINE * 3).encode()))
    await Ingest(runtime, RELEASE).files([packed, a_file(tmp_path, "app.jsonl", LOG_LINE * 3)])
    assert len(list(runtime.datasets.rows(LOGS))) == 3


async def test_files_of_an_archive_are_parts_of_their_own_and_what_nobody_reads_is_passed_over(
    runtime: Runtime, tmp_path: Path
) -> None:
    """As those of a folder; a broken one fails alone."""
    with zipfile.ZipFile(tmp_path / "reports.zip", "w") as archive:
        for name, text in (
            ("a/junit.xml", JUNIT),
            ("b/junit.xml", JUNIT),
            ("logo.png", "\x89PNG"),
            ("c.xml", JUNIT[:5]),
        ):
            archive.writestr(name, text)
    reports = await Ingest(runtime, RELEASE).files([tmp_path / "reports.zip"])
    assert [(report.file.rpartition("reports.zip/")[2], report.failed, report.skipped) for report in reports] == [
        ("a/junit.xml", False, False), ("b/junit.xml", False, False), ("logo.png", False, True), ("c.xml", False, True),
    ]  # fmt: skip
    stored = await signal(runtime, SignalKind.TEST_RESULTS)
    assert stored.metrics["total_tests"] == 4
    assert sorted(stored.parts) == ["junit-xml:reports.zip/a/junit.xml", "junit-xml:reports.zip/b/junit.xml"]


async def test_of_a_log_that_is_cut_nothing_is_stored(runtime: Runtime, tmp_path: Path) -> None:
    """Its packing says that there was more."""
    whole = gzip.compress(os.urandom(1000).hex().join([LOG_LINE] * 100).encode())
    (tmp_path / "app.jsonl.gz").write_bytes(whole[:-20])
    (report,) = await Ingest(runtime, RELEASE).files([tmp_path / "app.jsonl.gz"])
    assert report.failed
    assert "gzip data is damaged" in (report.reason or "")
    assert list(runtime.datasets.rows(LOGS)) == []
    assert await runtime.memory.keys("aqe/production/*") == []


async def test_the_variant_of_an_experiment_stands_in_the_rows(runtime: Runtime, tmp_path: Path) -> None:
    """For access logs a parameter of the request."""
    lines = "".join(
        f'10.0.0.{n} - - [23/Nov/2026:10:00:{n:02d} +0000] "GET /p?v={"ab"[n % 2]} HTTP/1.1" 200 5\n' for n in range(4)
    )
    ingest = Ingest(runtime, RELEASE, experiment=ExperimentColumn("price=v"))
    (report,) = await ingest.files([a_file(tmp_path, "access.log", lines)])
    assert "experiment price: 4 of 4 rows have a variant: a 2, b 2" in report.notes
    assert [row.experiment for row in runtime.datasets.rows(ACCESS)] == ["price=a", "price=b"] * 2


async def test_a_report_without_a_release_says_what_to_do(runtime: Runtime, tmp_path: Path) -> None:
    """Figures of nobody's release would be evidence for nothing."""
    (report,) = await Ingest(runtime, None).files([a_file(tmp_path, "junit.xml", JUNIT)])
    assert report.failed
    assert "--release" in (report.reason or "")


async def test_a_dry_run_stores_nothing(runtime: Runtime, tmp_path: Path) -> None:
    """It reads and reports."""
    (report,) = await Ingest(runtime, RELEASE, dry_run=True).files([a_file(tmp_path, "junit.xml", JUNIT)])
    assert report.signals == ("test-results",)
    assert await runtime.memory.keys("*") == []


async def test_writers_of_one_signal_do_not_lose_each_others_parts(runtime: Runtime) -> None:
    """Ten at once: every part is there."""
    part = SignalPart(tool="t", outcome=Outcome.VALUE, metrics={"total_tests": 1})
    await asyncio.gather(*(put_part(runtime, RELEASE, SignalKind.TEST_RESULTS, f"t:{n}", part) for n in range(10)))
    assert (await signal(runtime, SignalKind.TEST_RESULTS)).metrics["total_tests"] == 10


async def test_an_unknown_format_name_is_refused_with_the_nearest(runtime: Runtime, tmp_path: Path) -> None:
    """`--as` takes a name of the table."""
    (report,) = await Ingest(runtime, RELEASE, as_format="junit-xm").files([a_file(tmp_path, "junit.xml", JUNIT)])
    assert "junit-xml" in (report.reason or "")

"""What `aqe import` says in the end."""

import pytest

from aqe.cli.text_import import NEXT, report_text
from aqe.core.records.signals import Outcome
from aqe.fleet.imports.ingest import FileReport, ImportReport


@pytest.mark.parametrize(
    ("gave", "stored", "told"),
    [({"rows": 8431}, True, True), ({"records": 2}, True, True), ({"signals": ("security",)}, True, False),
     ({"rows": 8431}, False, False)],
)  # fmt: skip
def test_after_production_data_the_next_command_is_named(gave: dict[str, object], stored: bool, told: bool) -> None:
    """A report of a tool leads to `assess`, which names what is missing; a log would lead nowhere."""
    file = FileReport.model_validate({"file": "a.log", "format": "access-log", "outcome": Outcome.VALUE, **gave})
    report = ImportReport(release=None, release_from=None, files=(file,))
    assert (NEXT in report_text(report, stored=stored)) == told


def a_file(name: str, **more: object) -> FileReport:
    return FileReport.model_validate(
        {"file": name, "format": "access-log", "outcome": Outcome.VALUE, "rows": 7, **more}
    )


def test_a_folder_of_many_files_is_told_by_format_and_what_is_said_of_many_once() -> None:
    """--verbose has every file; a few files are told one by one."""
    files = [a_file(f"logs/{n}.log", notes=("3 lines were cut off",)) for n in range(40)]
    files += [a_file("junit.xml", format="junit-xml", rows=0, signals=("test-results",))]
    files += [a_file(f"{n}.txt", skipped=True, reason=f"{n}.txt: no importer knows it") for n in range(30)]
    report = ImportReport(release=None, release_from=None, files=tuple(files))
    text = report_text(report)
    assert len(text.splitlines()) < 15
    assert "access-log  40     value    280 rows      logs/0.log, logs/1.log, logs/2.log and 37 more" in text
    assert "40 files (logs/0.log, logs/1.log, logs/2.log and 37 more): 3 lines were cut off" in text
    assert "30 files (0.txt, 1.txt, 2.txt and 27 more): no importer knows it" in text
    whole = report_text(report, verbose=True)
    assert all(f"logs/{n}.log  access-log" in whole.replace(" " * 2, "  ") for n in range(10, 40))
    few = report_text(ImportReport(release=None, release_from=None, files=tuple(files[:5])))
    assert "logs/4.log  access-log  value" in few and "--verbose" not in few

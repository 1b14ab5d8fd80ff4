"""What `aqe import` says in the end."""

import pytest

from aqe.cli.importing import NEXT, report_text
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

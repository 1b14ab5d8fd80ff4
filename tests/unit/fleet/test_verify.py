"""`aqe tests verify`: red on the broken service, green on the fixed one, and what that covers."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aqe.core.errors import InputError
from aqe.core.records.production.verification import Colour, Verification
from aqe.fleet.suites.verify import verify

NOW = datetime(2026, 3, 2, tzinfo=UTC)
# The URL is the behaviour: no server is needed to be red or green.
TEXT = '''"""A test.

Written by aqe from what production did: finding
err-1, KeyError, seen 3 times in 9 records.
"""

import os


def test_it() -> None:
    assert os.environ["AQE_TARGET_URL"] != "http://broken"
'''


@pytest.fixture(autouse=True)
def in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """As CI likes it; without the plug-ins of this environment, which take most of the time of so short a run."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in ("FORCE_COLOR", "PY_COLORS"):
        monkeypatch.setenv(name, "1")


def verified(folder: Path, timeout_s: float = 240.0, **urls: str) -> Verification:
    known: dict[str, str | None] = {"target": None, "broken": None, "fixed": None}
    return asyncio.run(verify(folder, **(known | urls), now=NOW, timeout_s=timeout_s, said=lambda line: None))


def test_a_file_that_is_red_on_the_broken_and_green_on_the_fixed_service_covers_its_finding(tmp_path: Path) -> None:
    """The id stands in the file, wherever its line was broken."""
    (tmp_path / "test_a.py").write_text(TEXT)
    found = verified(tmp_path, broken="http://broken", fixed="http://fixed")
    assert found.ok
    assert [(one.finding, one.file, one.verified_at) for one in found.covered] == [("err-1", "test_a.py", NOW)]


def test_a_file_that_is_green_on_the_broken_service_covers_nothing(tmp_path: Path) -> None:
    """It does not show the finding."""
    (tmp_path / "test_a.py").write_text(TEXT)
    found = verified(tmp_path, broken="http://other", fixed="http://fixed")
    assert not found.ok and found.covered == ()


def test_what_does_not_run_is_neither_red_nor_green(tmp_path: Path) -> None:
    """A file that does not load would otherwise count as red on the broken service; one that hangs is ended."""
    (tmp_path / "test_broken.py").write_text("import nothing_like_this\n")
    (tmp_path / "test_empty.py").write_text("")
    (tmp_path / "test_hangs.py").write_text("import time\n\n\ndef test_it():\n    time.sleep(60)\n")
    found = verified(tmp_path, timeout_s=3.0, target="http://x")
    assert [file.target.colour for file in found.files if file.target] == [Colour.UNUSABLE] * 3
    assert not found.ok


def test_a_file_that_skips_all_its_tests_is_neither_red_nor_green_nor_in_the_way(tmp_path: Path) -> None:
    """It covers nothing, and says why it is skipped; the other files decide."""
    mark = 'pytestmark = pytest.mark.skip(reason="used by: hardly anybody")\n'
    (tmp_path / "test_a.py").write_text(TEXT.replace("import os\n", f"import os\n\nimport pytest\n\n{mark}"))
    (tmp_path / "test_b.py").write_text(TEXT.replace("err-1", "err-2"))
    found = verified(tmp_path, broken="http://broken", fixed="http://fixed")
    assert [(run.colour, run.reason) for run in found.files[0].runs] == [
        (Colour.SKIPPED, "used by: hardly anybody")
    ] * 2
    assert found.ok and [one.finding for one in found.covered] == ["err-2"]


def test_a_folder_without_tests_is_refused(tmp_path: Path) -> None:
    """Nothing red is not the same as green."""
    with pytest.raises(InputError, match="no tests"):
        verified(tmp_path, target="http://x")

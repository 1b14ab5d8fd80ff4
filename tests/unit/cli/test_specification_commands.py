"""Every `aqe deploy` line of the deployment-readiness specification is understood, flag by flag."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from aqe.cli.deploy import deploy

SPECIFICATION = Path(__file__).parents[4] / "shared" / "spec" / "deployment-readiness.md"
OWN = """
aqe deploy assess --version v2.5.0
aqe deploy assess --version v2.5.0 --format json
aqe deploy risk --version v2.5.0 --detailed
aqe deploy risk-score --version v2.5.0
aqe deploy check-gate --gate security --version v2.5.0
aqe deploy checklist --version v2.5.0 --level essential
aqe deploy report --version v2.5.0 --format executive-summary
aqe deploy report --version v2.5.0 --format pdf --output report.pdf
aqe deploy blockers --version v2.5.0 --detailed
aqe deploy remediate --version v2.5.0 --output plan.md
aqe deploy rollback-plan --version v2.5.0
aqe deploy compare --baseline v2.4.3 --candidate v2.5.0
"""
"""What is asked without the specification at hand."""
PLACEHOLDERS = {
    "<version>": "v2.5.0", "<v1>": "v2.4.3", "<v2>": "v2.5.0", "<html|pdf|markdown>": "html",
    "<yaml-file>": "gates.yaml",
    "<email>": "cto@example.org", "<percent>": "2%", "<ms>": "800ms", "<time>": "30m", "<strategy>": "canary",
    "<blue-green|canary|rolling>": "canary", "<region-list>": "eu,us", "${{ github.ref_name }}": "v2.5.0",
}  # fmt: skip


def lines() -> Iterator[str]:
    text = SPECIFICATION.read_text(encoding="utf-8") if SPECIFICATION.is_file() else ""
    joined = re.sub(r"\\\n\s*", " ", text)
    found = re.findall(r"^\s*(aqe deploy .*?)\s*(?:>.*)?$", _filled(joined), re.MULTILINE)
    yield from dict.fromkeys([*found, *OWN.strip().splitlines()])


def _filled(text: str) -> str:
    for placeholder, value in PLACEHOLDERS.items():
        text = text.replace(placeholder, value)
    return text


LINES = list(lines())


@pytest.mark.parametrize("line", LINES)
def test_every_line_is_understood(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsed, not run: an unknown flag or a value that it does not take is an error here."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gates.yaml").touch()
    (tmp_path / "deployment-gates.yaml").touch()
    name, *arguments = shlex.split(line)[2:]
    with click.Context(deploy) as group:
        command = deploy.get_command(group, name)
        assert command is not None, f"there is no aqe deploy {name}"
        command.make_context(name, arguments, parent=group)


@pytest.mark.skipif(not SPECIFICATION.is_file(), reason="no specification beside the repository")
def test_the_lines_are_found() -> None:
    """Those in the workflow, continued ones too."""
    assert "aqe deploy report --version v2.5.0 --format markdown" in LINES
    assert "aqe deploy execute  --version v2.5.0  --strategy blue-green  --canary 5,25,50,100  --auto-rollback" in LINES
    assert len(LINES) > 30

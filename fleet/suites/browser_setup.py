"""The setup that generated browser tests need, beside them; never in the place of one that is there."""

from collections.abc import Sequence
from pathlib import Path

from ...core.records.production.scenarios import BrowserShare
from ...generators.browser_setup import CONFTEST, playwright_config
from ..output import write_file


def write_setup(folder: Path, target: str, browsers: Sequence[BrowserShare]) -> Path | None:
    """Write playwright.config.ts or conftest.py; None when the folder has its own, or the target needs none."""
    if target == "playwright" and not any(folder.glob("playwright.config.*")):
        return write_file(folder / "playwright.config.ts", playwright_config(browsers), overwrite=False)
    if target == "pytest-playwright" and not (folder / "conftest.py").exists():
        return write_file(folder / "conftest.py", CONFTEST, overwrite=False)
    return None

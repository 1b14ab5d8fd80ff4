"""Thirty bugs for the shop, each a patch: what tests of a shop should notice, and whether they do can be counted.

    python -m mutants list                      # name, kind, what a visitor sees
    python -m mutants make wrong-total DIR      # a copy of the shop with this bug
    python -m mutants check [NAME ...]          # each can be seen: its probe passes on the shop and fails on the mutant

A patch begins with `Title:`, `Kind:` and `Seen:`. They were written with the shop alone in view, before any test that
was generated for it.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PATCHES = Path(__file__).parent
SHOP = PATCHES.parent


@dataclass(frozen=True)
class Mutant:
    """A bug; `seen` is what somebody who uses the shop would notice."""

    name: str
    title: str
    kind: str
    seen: str
    patch: Path


def _read(patch: Path) -> Mutant:
    head = dict(line.split(": ", 1) for line in patch.read_text(encoding="utf-8").split("\n\n", 1)[0].splitlines())
    return Mutant(patch.stem, head["Title"], head["Kind"], head["Seen"], patch)


def mutants() -> list[Mutant]:
    """All of them, in order of name."""
    return [_read(patch) for patch in sorted(PATCHES.glob("*.patch"))]


def copy_shop(folder: Path) -> None:
    """The healthy shop in a folder that does not exist yet.

    Raises:
        FileExistsError: there is something.
    """
    ignored = shutil.ignore_patterns("__pycache__", ".*", "build", "var", "*.egg-info", "mutants")
    shutil.copytree(SHOP, folder, ignore=ignored)


def make(mutant: Mutant, folder: Path) -> None:
    """A copy of the shop with this bug, in a folder that does not exist yet.

    Raises:
        FileExistsError: there is something.
        RuntimeError: the patch does not fit the shop any more.
    """
    copy_shop(folder)
    # The ceiling lets git take the copy for a plain folder even inside a repository.
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.resolve().parent)}
    applied = subprocess.run(  # noqa: S603 - a patch of our own
        ["git", "apply", str(mutant.patch)],  # noqa: S607
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    if applied.returncode != 0:
        raise RuntimeError(f"{mutant.patch.name} does not fit the shop: {applied.stderr.strip()}")

"""Debian's redis-server for tests that need several of them, TLS or an ACL file."""

import os
import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def require_redis_server() -> str:
    """Its path; without one the test is skipped, but fails where nothing may be missing (CI)."""
    return require("redis-server")


def require(program: str) -> str:
    """The path of a program, likewise."""
    path = shutil.which(program)
    if path is None:
        reason = f"no {program} on PATH (Debian: apt-get install {program})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def documented(name: str) -> str:
    """The block of docs/operations.md that is marked as tested under this name."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- tested: {re.escape(name)} -->\n```\w*\n(.*?)```", text, re.DOTALL)
    assert found, f"docs/operations.md has no block {name!r}"
    return found.group(1)

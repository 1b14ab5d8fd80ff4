"""Debian's redis-server for tests that need several of them, TLS or an ACL file."""

import os
import re
from pathlib import Path

import pytest

from aqe.benchmarks.nodes import find_redis_server

ROOT = Path(__file__).parents[1]


def require_redis_server() -> str:
    """Its path; without one the test is skipped, but fails where nothing may be missing (CI)."""
    program = find_redis_server()
    if program is None:
        reason = "no redis-server on PATH (Debian: apt-get install redis-server)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return program


def documented(name: str) -> str:
    """The block of docs/operations.md that is marked as tested under this name."""
    text = (ROOT / "docs" / "operations.md").read_text()
    found = re.search(rf"<!-- tested: {re.escape(name)} -->\n```\w*\n(.*?)```", text, re.DOTALL)
    assert found, f"docs/operations.md has no block {name!r}"
    return found.group(1)

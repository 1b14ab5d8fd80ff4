"""TestScenario with a sample -> a pytest file that sends its requests in turn and counts the bad ones."""

from ..core.records.production.scenarios import Sample, TestScenario
from .derived import wrapped
from .literals import slug
from .python_layout import TAB, WIDTH, laid_out, skip_mark
from .sampled import chances, claim

_IMPORTS = """
import http.client
import os
import time
from urllib.parse import SplitResult, urlsplit

import pytest

{mark}TIMEOUT_S = {timeout_s}
"""
_ASK = '''

def ask(target: SplitResult, method: str, path: str) -> tuple[int | None, float]:
    """Status, None where there was no answer; and how many milliseconds it took."""
    https = target.scheme == "https"
    connect = http.client.HTTPSConnection if https else http.client.HTTPConnection
    connection = connect(target.hostname or "", target.port, timeout=TIMEOUT_S)
    status = None
    began = time.monotonic()
    try:
        connection.request(method, target.path.rstrip("/") + path)
        response = connection.getresponse()
        response.read()
        status = response.status
    except (OSError, http.client.HTTPException):
        pass  # no answer is a bad one
    finally:
        connection.close()
    return status, (time.monotonic() - began) * 1000
'''
_TEST = '''

def {name}(target: SplitResult) -> None:
    """{claim}.

{chances}
    """
    bad = []
    for number in range(SENT):
        method, path = REQUESTS[number % len(REQUESTS)]
        status, took_ms = ask(target, method, path)
        if {condition}:
            bad.append(f"{{method}} {{path}}: {{status}} after {{took_ms:.0f}} ms")
        assert len(bad) <= ALLOWED, f"{{len(bad)}} of {{number + 1}}: {{bad}}"
'''


def render_sample(
    scenario: TestScenario, sample: Sample, docstring: str, target: str, sent: list[tuple[str, str]]
) -> str:
    """The file's text.

    Args:
        scenario: whose steps are requests without expectations of their own.
        sample: its own.
        docstring: of the file.
        target: the fixture with the service under test.
        sent: method and path of each step as they go over the wire.
    """
    limit = sample.slower_than_ms
    slow = "" if limit is None else " or took_ms > LIMIT_MS"
    rows = [f"{laid_out(request, TAB, 1)}," for request in sent]
    constants = ["REQUESTS = [", f"{TAB}# method, path", *rows, "]", f"SENT = {sample.requests}  # in turn"]
    constants.append(f"ALLOWED = {sample.allowed}  # bad ones")
    if limit is not None:
        constants.append(f"LIMIT_MS = {limit:g}")
    said = claim(sample)
    test = _TEST.format(
        name=f"test_{slug(scenario.title)}",
        claim=said[0].upper() + said[1:],
        chances="\n".join(f"{TAB}{line}" for line in wrapped(chances(sample), WIDTH - len(TAB))),
        condition=f"status is None or status >= 500{slow}",
    )
    # Long enough to tell slow from silent.
    timeout_s = max(10, round((limit or 0) / 1000 * 5))
    imports = _IMPORTS.format(mark=skip_mark(scenario.skipped), timeout_s=timeout_s)
    table = "\n".join(["", *constants, ""])
    return f"{docstring}{imports}{table}\n{target}{_ASK}{test}"

"""TestScenario -> a pytest file that needs nothing but pytest and a running service.

Every step is sent on its own; the steps that expect the same make one parametrised test. The file is laid out as ruff
and black do it by default (88 columns), so that formatting a repository does not change it.
"""

import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from ..core.records.production.scenarios import Expectation, RequestStep, TestScenario
from .derived import docstring, wrapped
from .literals import python, python_prose, slug
from .pytest_flow import is_flow, render_flow
from .pytest_sample import render_sample
from .python_layout import TAB, WIDTH, laid_out, skip_mark

# What RFC 3986 allows in a path with query, and `%` for what was encoded before.
_PATH_CHARACTERS = "/?:@!$&'()*+,;=-._~%[]"
_HOW = "Run it against a service: AQE_TARGET_URL=http://127.0.0.1:8000 pytest FILE"
_STATUS_KINDS = frozenset({"status-below", "status-is"})
_BODY_KINDS = frozenset({"json-has-key", "json-equals"})

_TARGET = '''
@pytest.fixture(scope="module")
def target() -> SplitResult:
    """The service under test."""
    url = os.environ.get("AQE_TARGET_URL", "")
    if not url.startswith(("http://", "https://")):
        pytest.fail(
            f"AQE_TARGET_URL is {url!r}, expected the base URL of the service to test,"
            " such as http://127.0.0.1:8000"
        )
    return urlsplit(url)
'''
_SEND = '''
def send(target: SplitResult, method: str, path: str) -> tuple[int, bytes]:
    """Status and body of the answer; a redirect is an answer too."""
    https = target.scheme == "https"
    connect = http.client.HTTPSConnection if https else http.client.HTTPConnection
    connection = connect(target.hostname or "", target.port, timeout=TIMEOUT_S)
    try:
        connection.request(method, target.path.rstrip("/") + path)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        pytest.fail(f"{method} {path}: no answer from {target.geturl()}: {error}")
    finally:
        connection.close()
'''
# The same for scenarios that send more than a path.
_SEND_CONTENT = _SEND.replace(
    "(target: SplitResult, method: str, path: str) ->",
    "(\n    target: SplitResult, method: str, path: str, headers: dict[str, str], body: str\n) ->",
).replace(
    'connection.request(method, target.path.rstrip("/") + path)',
    'url = target.path.rstrip("/") + path\n        connection.request(method, url, body.encode() or None, headers)',
)
_KEYS_OF = '''
def keys_of(value: object) -> set[str]:
    """All keys in a JSON document, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    return set()
'''
_AT = '''
def at(document: Any, path: str) -> Any:
    """The part of a JSON document at a dotted path; items of a list by number."""
    for name in path.split("."):
        document = document[int(name) if isinstance(document, list) else name]
    return document
'''


class PytestTarget:
    """API tests in Python."""

    name = "pytest"
    language = "python"

    def refusal(self, scenario: TestScenario) -> str | None:
        """It sends requests; it has no browser."""
        return None if len(scenario.requests) == len(scenario.steps) else "it has steps in a browser"

    def file_name(self, scenario: TestScenario) -> str:
        """`test_get_api_products_id_..._<end of the id>.py`."""
        return f"test_{slug(f'{slug(scenario.title)} {scenario.id[-12:]}', limit=80)}.py"

    def render(self, scenario: TestScenario) -> str:
        """The file's text; see Target."""
        if scenario.sample:
            sent = [(step.method, _request_target(step.path)) for step in scenario.requests]
            return render_sample(scenario, scenario.sample, docstring(scenario, _HOW), _TARGET, sent)
        if is_flow(scenario):
            return render_flow(scenario, docstring(scenario, _HOW))
        groups = _groups(scenario.requests)
        content = any(step.headers or step.body is not None for step in scenario.requests)
        expectations = [e for step in scenario.requests for e in step.expectations]
        mark = skip_mark(scenario.skipped)
        parts = [docstring(scenario, _HOW), _imports(expectations), f"\n{mark}TIMEOUT_S = 10\n"]
        tables = ["REQUESTS" if len(groups) == 1 else f"REQUESTS_{number}" for number in range(1, len(groups) + 1)]
        for table, steps in zip(tables, groups, strict=True):
            parts.append(_table(table, steps, content))
        parts += [_TARGET, _SEND_CONTENT if content else _SEND]
        if any(e.kind == "json-has-key" and e.path is None for e in expectations):
            parts.append(_KEYS_OF)
        if any(e.kind in _BODY_KINDS and e.path is not None for e in expectations):
            parts.append(_AT)
        name = f"test_{slug(scenario.title) or 'recorded_requests'}"
        for number, (table, steps) in enumerate(zip(tables, groups, strict=True), 1):
            parts.append(_test(name if number == 1 else f"{name}_{number}", table, steps[0].expectations, content))
        # Two blank lines before functions, one before the rest.
        return "".join(f"\n{part}" if part.startswith(("\ndef ", "\n@")) else part for part in parts)


def _groups(steps: Iterable[RequestStep]) -> list[list[RequestStep]]:
    """Steps that expect the same, in order of appearance; the first expectation may differ in its reason."""
    groups: dict[str, list[RequestStep]] = {}
    for step in steps:
        key = [(e.kind, e.value, e.path, e.because if i else "") for i, e in enumerate(step.expectations)]
        groups.setdefault(json.dumps(key), []).append(step)
    return list(groups.values())


def _imports(expectations: list[Expectation]) -> str:
    kinds = {e.kind for e in expectations}
    modules = ["http.client", "os"]
    if kinds & _BODY_KINDS:
        modules.append("json")
    if "latency-below-ms" in kinds:
        modules.append("time")
    lines = [f"import {module}" for module in sorted(modules)]
    if any(e.kind in _BODY_KINDS and e.path is not None for e in expectations):
        lines.append("from typing import Any")
    return "\n".join(["", *lines, "from urllib.parse import SplitResult, urlsplit", "", "import pytest", ""])


def _table(name: str, steps: list[RequestStep], content: bool) -> str:
    rows = []
    for step in steps:
        because = " ".join(step.expectations[0].because.split()) if step.expectations else ""
        columns = (step.method, _request_target(step.path), *(_content(step) if content else ()), because)
        rows.append(columns)
    comment = "method, path, headers, body, why" if content else "method, path, why"
    lines = [f"{name} = [", f"{TAB}# {comment}", *(f"{laid_out(row, TAB, 1)}," for row in rows), "]"]
    return "\n" + "\n".join(lines) + "\n"


def _content(step: RequestStep) -> tuple[dict[str, str], str]:
    if step.body is None or isinstance(step.body, str):
        return step.headers, step.body or ""
    declared = any(name.lower() == "content-type" for name in step.headers)
    headers = step.headers if declared else {**step.headers, "Content-Type": "application/json"}
    return headers, json.dumps(step.body)


def _request_target(path: str) -> str:
    """The path as it goes over the wire: ASCII, nothing that could end the request line."""
    encoded = quote(path.encode("utf-8", "surrogatepass"), safe=_PATH_CHARACTERS)
    return encoded if encoded.startswith("/") else f"/{encoded}"


def _test(name: str, table: str, expectations: tuple[Expectation, ...], content: bool) -> str:
    columns = ["method", "path", *(["headers", "body"] if content else []), "because"]
    types = {"target": "SplitResult", "headers": "dict[str, str]"}
    parameters = [f"{column}: {types.get(column, 'str')}" for column in ("target", *columns)]
    signature = f"def {name}({', '.join(parameters)}) -> None:"
    if len(signature) > WIDTH:
        signature = f"def {name}(\n{TAB}{', '.join(parameters)}\n) -> None:"
    if any(len(line) > WIDTH for line in signature.split("\n")):
        signature = f"def {name}(\n" + "".join(f"{TAB}{p},\n" for p in parameters) + ") -> None:"
    return "\n".join(
        [
            "",
            "@pytest.mark.parametrize(",
            f"{TAB}{python(tuple(columns))},",
            f"{TAB}{table},",
            f'{TAB}ids=[f"{{row[0]}} {{row[1]}}" for row in {table}],',
            ")",
            signature,
            f'{TAB}"""What failed in production is answered."""',
            *(f"{TAB}{line}" if line else "" for line in _body(expectations, content)),
            "",
        ]
    )


def _body(expectations: tuple[Expectation, ...], content: bool) -> Iterator[str]:
    kinds = {e.kind for e in expectations}
    call = "send(target, method, path, headers, body)" if content else "send(target, method, path)"
    if "latency-below-ms" in kinds:
        yield "started = time.monotonic()"
    if kinds & _BODY_KINDS:
        yield f"status, answer = {call}"
    else:
        yield f"status, _ = {call}" if kinds & _STATUS_KINDS else call
    if "latency-below-ms" in kinds:
        yield "took_ms = (time.monotonic() - started) * 1000"
    about_body = [e for e in expectations if e.kind in _BODY_KINDS]
    for expectation in expectations:
        if expectation not in about_body:
            yield from _reason(expectation, expectations)
            yield from _status_assertion(expectation)
    # An error page has another body, and whether an error is right is for the status to say.
    guarded = bool(about_body) and "status-is" not in kinds
    if guarded:
        yield "if status < 300:"
    for expectation in about_body:
        lines = [*_reason(expectation, expectations), *_body_assertion(expectation, len(TAB) * (1 + guarded))]
        yield from (f"{TAB}{line}" if guarded else line for line in lines)


def _reason(expectation: Expectation, expectations: tuple[Expectation, ...]) -> Iterator[str]:
    # The first one's reason stands in the table, because it differs from request to request.
    if expectation is not expectations[0]:
        yield from (f"# {line}" for line in wrapped(python_prose(expectation.because), WIDTH - 10))


def _status_assertion(expectation: Expectation) -> Iterator[str]:
    if expectation.kind == "latency-below-ms":
        limit = f"{float(expectation.value):g}"
        return _assertion(f"took_ms < {limit}", "took_ms:.0f", f"below {limit} ms", len(TAB))
    limit = str(int(expectation.value))
    if expectation.kind == "status-is":
        return _assertion(f"status == {limit}", "status", limit, len(TAB))
    return _assertion(f"status < {limit}", "status", f"below {limit}", len(TAB))


def _body_assertion(expectation: Expectation, indent: int) -> Iterator[str]:
    # `expected` is a variable, so that its text need not be written inside an f-string.
    yield from f"expected = {laid_out(expectation.value, '', indent + len('expected = '))}".split("\n")
    document = "json.loads(answer)"
    if expectation.path is not None:
        document = f"at({document}, {python(expectation.path)})"
    if expectation.kind == "json-equals":
        yield f"found = {document}"
        yield from _assertion("found == expected", "found!r", "{expected!r}", indent)
    else:
        yield f"found = {document}" if expectation.path is not None else f"found = keys_of({document})"
        yield from _assertion("expected in found", "sorted(found)", "{expected!r}", indent)


def _assertion(condition: str, got: str, expected: str, indent: int) -> Iterator[str]:
    message = f'f"{{method}} {{path}}: got {{{got}}}, expected {expected}; {{because}}"'
    if indent + len(f"assert {condition}, {message}") <= WIDTH:
        yield f"assert {condition}, {message}"
    else:
        yield from (f"assert {condition}, (", f"{TAB}{message}", ")")

"""TestScenario with flows, captured values or rich expectations -> a pytest file that needs nothing but pytest.

A flow is one test: a customer with cookies of their own goes through its steps. Steps that need nothing of each other
are a test each. What the checks need stands in the file, and only what this file uses.
"""

import json
import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby

from ..core.records.production.scenarios import Expectation, RequestStep, TestScenario
from . import pytest_client as parts
from .derived import wrapped
from .literals import python, python_prose, slug
from .python_layout import TAB, WIDTH, Encode, call, laid_out, skip_mark, with_names

_PLAIN = frozenset({"status-is", "status-below", "json-has-key", "json-equals", "latency-below-ms"})
# Names that the file uses itself.
_RESERVED = frozenset(
    {
        "answer", "client", "target", "flow", "given", "made_up", "differences", "misshapen", "json", "math", "os",
        "re", "time", "pytest", "quote", "urlencode",
    }
)  # fmt: skip
_AT_ONCE = "ThreadPoolExecutor"
_NAME = 36
"""Characters of a test's name, so that its signature fits on a line."""
_METHODS = {
    "json-one-of": "is_one_of",
    "json-matches": "matches",
    "json-at-least": "is_at_least",
    "json-at-most": "is_at_most",
    "json-count": "counts",
    "json-same": "is_same",
    "json-sum": "sums_up",
    "json-product": "multiplies",
    "json-sorted": "is_sorted",
    "json-includes": "includes",
    "json-excludes": "excludes",
    "json-fell": "fell",
    "json-rose": "rose",
}
"""Kind -> method of the file's Answer."""


def is_flow(scenario: TestScenario) -> bool:
    """Whether a scenario needs this form; the plain one is a table of requests."""
    kinds = {expectation.kind for step in scenario.requests for expectation in step.expectations}
    captures = any(step.captures for step in scenario.requests)
    return not scenario.independent or captures or bool(scenario.data) or bool(kinds - _PLAIN)


def render_flow(scenario: TestScenario, docstring: str) -> str:
    """The file's text.

    Args:
        scenario: of requests only.
        docstring: of the file, whole.
    """
    shapes = _shapes(scenario)
    tests = _tests(scenario, shapes)
    fixed = _fixed(tests, cookies=scenario.cookies)
    imports = "\n".join(
        line for line, needed in parts.IMPORTS if re.search(needed, fixed + _AT_ONCE * (_AT_ONCE in tests))
    )
    head = f"{docstring}\n{imports}\n\nimport pytest\n\n{skip_mark(scenario.skipped)}"
    return f"{head}TIMEOUT_S = 30\n{_constants(shapes)}{fixed}{tests}"


def _shapes(scenario: TestScenario) -> dict[str, str]:
    """Shape as JSON text -> name of its constant: answers of one kind share it."""
    found = [e.value for step in scenario.requests for e in step.expectations if e.kind == "json-shape"]
    texts = list(dict.fromkeys(json.dumps(shape) for shape in found))
    return {text: "SHAPE" if len(texts) == 1 else f"SHAPE_{n}" for n, text in enumerate(texts, 1)}


def _constants(shapes: Mapping[str, str]) -> str:
    lines = [f"{name} = {laid_out(json.loads(text), '', len(name) + 3)}\n" for text, name in shapes.items()]
    return "".join(["\n# Keys and types; `?` marks keys that may be missing.\n", *lines]) if lines else ""


def _fixed(tests: str, *, cookies: bool) -> str:
    """The fixed parts that the tests use, and what those use."""
    used: list[str] = []
    for name, text in reversed(parts.PARTS):
        if f"answer.{name}(" in tests or any(f"self.{name}(" in other for other in used):
            used.insert(0, text)
    answer = parts.ANSWER + "".join(used)
    client = (parts.CLIENT if cookies else parts.without_cookies(parts.CLIENT)) + (
        parts.WITHIN if "client.answers_within(" in tests else ""
    )
    helpers = [
        text
        for name, text, user in (
            ("given", parts.GIVEN, tests),
            ("made_up", parts.MADE_UP, tests),
            ("differences", parts.DIFFERENCES, answer),
            ("misshapen", parts.MISSHAPEN, answer),
        )
        if f"{name}(" in user
    ]
    return parts.TARGET + "".join(helpers) + answer + client


def _tests(scenario: TestScenario, shapes: Mapping[str, str]) -> str:
    name = slug(scenario.title, _NAME) or "recorded_requests"
    encode = partial(with_names, names=_names(scenario))
    step_lines = partial(_step, encode=encode, shapes=shapes)
    if scenario.independent:
        several = len(scenario.requests) > 1
        numbered = ((f"{name}_{n}" if several else name, s) for n, s in enumerate(scenario.requests, 1))
        return "".join(_alone(title, step, step_lines) for title, step in numbered)
    lines = list(_data(scenario))
    for step in scenario.requests:
        lines += ["", *step_lines(step)] if lines else list(step_lines(step))
    doc = f'{TAB}"""One customer, from the first request to the last."""'
    text = "\n".join(["", "", "def flow(client: Client) -> None:", doc, *_indented(lines), ""])
    text += f'\n\ndef test_{name}(target: str) -> None:\n{TAB}"""Alone."""\n{TAB}flow(Client(target))\n'
    if scenario.conditions and scenario.conditions.concurrency > 1:
        customers = str(scenario.conditions.concurrency)
        text += parts.AT_ONCE.replace("NAME", name).replace("CUSTOMERS", customers)
    return text


def _alone(name: str, step: RequestStep, step_lines: Callable[..., Iterator[str]]) -> str:
    doc = f'{TAB}"""{python_prose(step.title or f"{step.method} {step.path}", WIDTH - 12)}."""'
    lines = [f"{TAB}client = Client(target)", *_indented(step_lines(step, titled=False))]
    return "\n".join(["", "", f"def test_{name}(target: str) -> None:", doc, *lines, ""])


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"{TAB}{line}" if line else "" for line in lines)


def _data(scenario: TestScenario) -> Iterator[str]:
    for datum in scenario.data:
        made = f"given({python(datum.name)})" if datum.given else f"made_up({python(datum.kind)})"
        yield f"{_variable(datum.name)} = {made}"


def _step(step: RequestStep, encode: Encode, shapes: Mapping[str, str], *, titled: bool = True) -> Iterator[str]:
    if titled:
        yield from _comment(step.title or f"{step.method} {step.path}")
    path = step.path if step.path.startswith("/") else f"/{step.path}"
    body = [step.body] if step.body is not None or step.headers else []
    sent = [step.method, path, *body, *([step.headers] if step.headers else [])]
    yield from call("answer = client.send", sent, encode=encode)
    statuses = [e for e in step.expectations if e.kind.startswith("status")]
    yield from _checks(path, statuses, encode, shapes)
    # Before the other checks: a `Location` names the id that this very answer gives.
    for capture in step.captures:
        found = f"answer.at({python(capture.path)})" if capture.path else "answer.json()"
        yield f"{_variable(capture.name)} = {found}"
    yield from _checks(path, [e for e in step.expectations if e not in statuses], encode, shapes)


def _checks(path: str, expectations: Iterable[Expectation], encode: Encode, shapes: Mapping[str, str]) -> Iterator[str]:
    for because, group in groupby(expectations, key=lambda expectation: expectation.because):
        yield from _comment(because)
        for expectation in group:
            yield from _check(path, expectation, encode, shapes)


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}" for line in wrapped(python_prose(text), WIDTH - 6))


def _check(path_asked: str, expectation: Expectation, encode: Encode, shapes: Mapping[str, str]) -> Iterator[str]:
    value, path = expectation.value, expectation.path or ""
    match expectation.kind:
        case "status-is":
            yield f"assert answer.status == {int(value)}, answer.text"
        case "status-below":
            yield f"assert answer.status < {int(value)}, answer.text"
        case "latency-below-ms":
            yield from call("assert client.answers_within", [float(value), path_asked], encode=encode)
        case "header-is":
            yield from _compared(f"answer.headers[{python(path)}]", str(value), encode)
        case "json-equals":
            yield from _compared(f"answer.at({python(path)})" if path else "answer.json()", value, encode)
        case "json-has-key":
            where = "answer.keys()" if expectation.path is None else f"answer.at({python(path)})"
            yield f"assert {python(value)} in {where}"
        case "json-contains":
            yield from call("answer.holds", [value], encode=encode)
        case "json-shape":
            yield f"answer.has_shape({shapes[json.dumps(value)]})"
        case "json-sum" | "json-product" | "json-fell" | "json-rose":
            yield from call(f"answer.{_METHODS[expectation.kind]}", [path, *value], encode=encode)
        case kind if kind in _METHODS:
            yield from call(f"answer.{_METHODS[kind]}", [path, value], encode=encode)


def _compared(found: str, value: object, encode: Encode) -> Iterator[str]:
    head = f"assert {found} == "
    if isinstance(value, dict | list):
        # Laid out where it will stand, inside a function.
        text = laid_out(value, TAB, len(head), encode).removeprefix(TAB)
        yield from (line.removeprefix(TAB) for line in (head + text).split("\n"))
    elif len(TAB + head + encode(value)) <= WIDTH:
        yield head + encode(value)
    else:
        yield from (f"{head}(", TAB + encode(value), ")")


def _names(scenario: TestScenario) -> Mapping[str, str]:
    """Placeholder -> variable, of those that the scenario itself brings in: other text in braces is text."""
    names = [capture.name for step in scenario.requests for capture in step.captures]
    return {name: _variable(name) for name in (*names, *(datum.name for datum in scenario.data))}


def _variable(name: str) -> str:
    taken = name in _RESERVED or keyword.iskeyword(name) or keyword.issoftkeyword(name)
    return f"{name}_" if taken else name

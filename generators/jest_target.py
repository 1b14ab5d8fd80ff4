"""TestScenario -> a test of the service's API in JavaScript, for Jest and for Vitest, on nothing but Node's fetch.

The words `describe`, `test` and `expect` are those that both runners provide (`vitest --globals`).
"""

import re
from collections.abc import Iterator
from itertools import groupby

from ..core.records.production.scenarios import PLACEHOLDER, Expectation, RequestStep, TestScenario
from .derived import header, wrapped
from .jest_parts import NEEDS, PARTS
from .jest_sample import render_sample, rooted
from .literals import javascript, javascript_prose, slug

_WIDTH = 100
_TAB = "  "
_NAMED = re.compile(PLACEHOLDER)


class JestTarget:
    """API tests in JavaScript."""

    name = "jest"
    language = "javascript"

    def refusal(self, scenario: TestScenario) -> str | None:
        """It sends requests; it has no browser."""
        if not scenario.steps:
            return "it has no steps"
        return None if len(scenario.requests) == len(scenario.steps) else "it has steps in a browser"

    def file_name(self, scenario: TestScenario) -> str:
        """`get-api-products-id-...-<end of the id>.test.js`."""
        return f"{slug(f'{slug(scenario.title)} {scenario.id[-12:]}', limit=80).replace('_', '-')}.test.js"

    def render(self, scenario: TestScenario) -> str:
        """The file's text; see Target."""
        title = javascript(" ".join(scenario.title.split()))
        describe = "describe.skip" if scenario.skipped else "describe"
        begin = f"{_skipped(scenario)}{describe}({title}, () => {{"
        if scenario.sample:
            return render_sample(scenario, scenario.sample, f"{_header(scenario)}{_TARGET}", begin)
        tests = "\n".join(f"{_TAB}{line}" if line else "" for line in _Writer(scenario).tests())
        used = {name for name, _ in PARTS if f"{name}(" in tests} | {"customer"}
        used |= {needed for name, needed in NEEDS if name in used}
        helpers = "".join(text for name, text in PARTS if name in used)
        return f"{_header(scenario)}{_TARGET}{helpers}\n{begin}\n{tests}\n}});\n"


def _header(scenario: TestScenario) -> str:
    how = "Run it: AQE_TARGET_URL=http://127.0.0.1:8000 npx jest FILE, or npx vitest run --globals FILE"
    lines = header(scenario, how, javascript_prose, _WIDTH - 3)
    return "\n".join(["/**", *(f" * {line}".rstrip() for line in lines), " */", ""])


def _skipped(scenario: TestScenario) -> str:
    """Neither runner takes a reason: it is for who reads the file."""
    told = wrapped(javascript_prose(f"Skipped: {scenario.skipped}"), _WIDTH - 3) if scenario.skipped else ()
    return "".join(f"// {line}\n" for line in told)


_TARGET = """\
const TARGET = process.env.AQE_TARGET_URL ?? "http://127.0.0.1:8000";
"""


class _Writer:
    """The tests of one scenario, as lines."""

    def __init__(self, scenario: TestScenario) -> None:
        self._scenario = scenario
        captured = (capture.name for step in scenario.requests for capture in step.captures)
        self._cookies = "" if scenario.cookies else "{ keepsCookies: false }"
        self._names = {*captured, *(datum.name for datum in scenario.data)}

    def tests(self) -> Iterator[str]:
        """Steps that need nothing of each other are a test each; a flow is one, and one by several at once."""
        steps = self._scenario.requests
        if self._scenario.independent and not self._names:
            for number, step in enumerate(steps):
                yield from [""] if number else []
                yield from self._test(javascript(_title(step)), ["const send = customer();", *self._step(step)])
            return
        yield from [
            "const flow = async () => {",
            f"{_TAB}const send = customer({self._cookies});",
            f"{_TAB}const data = {{",
        ]
        for datum in self._scenario.data:
            made = f"given({javascript(datum.name)})" if datum.given else f"madeUp({javascript(datum.kind)})"
            yield f"{_TAB * 2}{datum.name}: {made},"
        yield f"{_TAB}}};"
        for step in steps:
            yield from ["", f"{_TAB}// {javascript_prose(_title(step))}", f"{_TAB}{{"]
            yield from (f"{_TAB * 2}{line}" for line in self._step(step))
            yield f"{_TAB}}}"
        yield from ["};", "", 'test("one customer, from the first request to the last", flow);']
        at_once = self._scenario.conditions.concurrency if self._scenario.conditions else 1
        if at_once > 1:
            yield f'test("{at_once} customers at once", () => Promise.all(Array.from({{ length: {at_once} }}, flow)));'

    def _test(self, title: str, lines: list[str]) -> Iterator[str]:
        yield f"test({title}, async () => {{"
        yield from (f"{_TAB}{line}" for line in lines)
        yield "});"

    def _step(self, step: RequestStep) -> Iterator[str]:
        path = rooted(step.path)
        sent = [self._code(step.method), self._code(path)]
        if step.body is not None or step.headers:
            sent.append("undefined" if step.body is None else self._code(step.body))
        if step.headers:
            sent.append(self._code(step.headers))
        yield from _call("const answer = await send", sent)
        for because, group in groupby(step.expectations, key=lambda expectation: expectation.because):
            yield from (f"// {line}" for line in wrapped(javascript_prose(because), _WIDTH - 8))
            for expectation in group:
                yield from self._check(expectation, path)
        for capture in step.captures:
            yield f"data.{capture.name} = at(answer.json(), {javascript(capture.path)});"

    def _check(self, expected: Expectation, asked: str) -> Iterator[str]:
        """Of the answer itself; nothing for what is about pages."""
        value, path = expected.value, javascript(expected.path or "")
        match expected.kind:
            case "status-is":
                yield f"expect(answer.status).toBe({int(value)});"
            case "status-below":
                yield f"expect(answer.status).toBeLessThan({int(value)});"
            case "latency-below-ms":
                yield f"expect(await answersWithin(send, {javascript(float(value))}, {self._code(asked)})).toBe(true);"
            case "header-is":
                yield f"expect(answer.headers.get({path})).toBe({self._code(str(value))});"
            case _:
                one, there = f"at(answer.json(), {path})", f"each(answer.json(), {path})"
                yield from self._check_values(expected, one, there)
                yield from self._check_against_others(expected, one, there)

    def _check_values(self, expected: Expectation, one: str, there: str) -> Iterator[str]:
        """What stands in its body, by values that are known."""
        value = expected.value
        match expected.kind:
            case "json-has-key" if expected.path is None:
                yield f"expect(keys(answer.json())).toContain({javascript(value)});"
            case "json-has-key":
                yield f"expect(Object.keys({one})).toContain({javascript(value)});"
            case "json-equals":
                yield from _call(f"expect({one}).toEqual", [self._code(value)])
            case "json-contains":
                matcher = "toMatchObject" if isinstance(value, dict | list) else "toEqual"
                yield from _call(f"expect(answer.json()).{matcher}", [self._code(value)])
            case "json-shape":
                yield from _call("expect(misshapen", [self._code(value), "answer.json()"], ")).toEqual([]);")
            case "json-one-of":
                yield f"for (const value of {there}) expect({self._code(value)}).toContainEqual(value);"
            case "json-matches":
                yield f"for (const value of {there}) expect(value).toMatch(new RegExp({javascript(f'^(?:{value})$')}));"
            case "json-at-least":
                yield f"expect(Math.min(...{there})).toBeGreaterThanOrEqual({javascript(value)});"
            case "json-at-most":
                yield f"expect(Math.max(...{there})).toBeLessThanOrEqual({javascript(value)});"
            case "json-sorted":
                yield f"expect(isSorted({one}, {javascript(value)})).toBe(true);"
            case "json-includes":
                yield f"expect({there}).toContain({self._code(value)});"
            case "json-excludes":
                yield f"expect({there}).not.toContain({self._code(value)});"

    def _check_against_others(self, expected: Expectation, one: str, there: str) -> Iterator[str]:
        """What stands in its body, by other parts of it and by what was captured before."""
        value = expected.value
        match expected.kind:
            case "json-count":
                yield f"expect({one}).toBe({_other(value)}.length);"
            case "json-same":
                yield f"expect({one}).toEqual({_other(value)});"
            case "json-sum":
                items, *fields = value
                total = f"{_other(items)}.reduce((sum, item) => sum + product(item, {javascript(fields)}), 0)"
                yield f"expect({one}).toBeCloseTo({total}, 2);"
            case "json-product":
                first, second = (f"each(answer.json(), {javascript(part)})" for part in value)
                yield f"{there}.forEach((value, n) => expect(value).toBeCloseTo({first}[n] * {second}[n], 2));"
            case "json-fell":
                yield f"expect({one}).toBeLessThanOrEqual({self._code(value[0])} - {javascript(value[1])});"
            case "json-rose":
                yield f"expect({one}).toBeGreaterThanOrEqual({self._code(value[0])} + {javascript(value[1])});"

    def _code(self, value: object) -> str:
        """A literal in which captured values stand by their variable: alone as they are, within text as text."""
        if isinstance(value, str):
            pieces = _NAMED.split(value)
            if not self._names & {*pieces[1::2]}:
                return javascript(value)
            parts = [self._piece(text, n % 2 == 1) for n, text in enumerate(pieces)]
            kept = [part for part in parts if part != '""']
            return kept[0] if len(kept) == 1 else " + ".join(kept)
        if isinstance(value, dict):
            items = (f"{javascript({key: 0})[2:-5]}: {self._code(item)}" for key, item in value.items())
            return f"{{ {', '.join(items)} }}" if value else "{}"
        return f"[{', '.join(map(self._code, value))}]" if isinstance(value, list | tuple) else javascript(value)

    def _piece(self, text: str, is_name: bool) -> str:
        if not is_name:
            return javascript(text)
        return f"data.{text}" if text in self._names else javascript(f"{{{{{text}}}}}")


def _other(path: str) -> str:
    return f"at(answer.json(), {javascript(path)})"


def _title(step: RequestStep) -> str:
    return " ".join((step.title or f"{step.method} {step.path}").split())


def _call(head: str, arguments: list[str], tail: str = ");") -> list[str]:
    """On one line where that fits, else one argument a line."""
    flat = f"{head}({', '.join(arguments)}{tail}"
    if len(_TAB) * 3 + len(flat) <= _WIDTH:
        return [flat]
    return [f"{head}(", *(f"{_TAB}{argument}," for argument in arguments), tail]

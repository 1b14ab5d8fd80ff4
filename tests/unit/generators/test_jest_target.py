"""The file for Jest and Vitest: run by Node against a service, red and green, and only data from outside."""

import json
import os
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from aqe.core.records.production.findings import FindingPriority
from aqe.core.records.production.scenarios import (
    Capture,
    Conditions,
    Datum,
    Expectation,
    Provenance,
    RequestStep,
    TestScenario,
)
from aqe.core.records.production.verification import Colour
from aqe.fleet.suites.runner_outcomes import of_javascript
from aqe.generators.jest_target import JestTarget
from aqe.tests.contract.test_every_target import HOSTILE
from aqe.tests.npm import RUNNERS, node_modules
from aqe.tests.servers import require
from aqe.tests.ui_scenarios import a_ui_scenario
from aqe.tests.unit.generators.test_pytest_target import a_service

TARGET = JestTarget()
# The words of Jest that the files use, so that plain Node can run many of them in no time.
RUNNER = """
const assert = require("node:assert");
const near = (a, b) => assert(Math.abs(a - b) < 0.005, `${a} is not ${b}`);
const includes = (whole, part) => Object.entries(part).forEach(([key, value]) =>
  value !== null && typeof value === "object" ? includes(whole[key], value) : assert.deepEqual(whole[key], value));
globalThis.expect = (found) => ({
  toBe: (value) => assert.strictEqual(found, value), toEqual: (value) => assert.deepStrictEqual(found, value),
  toBeLessThan: (limit) => assert(found < limit, `${found} < ${limit}`),
  toBeLessThanOrEqual: (limit) => assert(found <= limit), toBeGreaterThanOrEqual: (limit) => assert(found >= limit),
  toBeCloseTo: (value) => near(found, value), toContain: (item) => assert(found.includes(item), `no ${item}`),
  toContainEqual: (item) => assert(found.some((one) => JSON.stringify(one) === JSON.stringify(item)), "not one of"),
  toMatch: (pattern) => assert(pattern.test(found), `${found} is no ${pattern}`),
  toMatchObject: (part) => includes(found, part),
});
const tests = [];
globalThis.describe = (title, define) => define();
globalThis.test = (title, run) => tests.push([title, run]);
require(process.argv[2]);
(async () => {
  for (const [title, run] of tests) {
    try { await run(); console.log("passed", title); }
    catch (error) { console.log("failed", title, error.message.split("\\n")[0]); }
  }
})();
"""
BOOKS = {
    "count": 2,
    "first": 1,
    "total": 11.0,
    "items": [
        {"id": 1, "price": 5, "quantity": 1, "cost": 5, "name": "a"},
        {"id": 2, "price": 3, "quantity": 2, "cost": 6, "name": None},
    ],
}
SHAPE = {
    "count": "integer",
    "first": "any",
    "total": "number",
    "items": [{"id": "integer", "name": "string|null", "x?": "string"}],
}


def expects(kind: Any, value: Any, path: str | None = None) -> Expectation:
    return Expectation(kind=kind, value=value, path=path, because="412 of 412 recorded answers")


def a_step(*expectations: Expectation, **more: Any) -> RequestStep:
    return RequestStep(**({"method": "GET", "path": "/api/books", "expectations": expectations} | more))


def a_scenario(*steps: RequestStep, **more: Any) -> TestScenario:
    provenance = Provenance(finding_id="rec-1", finding="recorded traffic", occurrences=412, sample_size=3000)
    known: dict[str, Any] = {
        "id": "rec-1",
        "title": "Books",
        "priority": FindingPriority.HIGH,
        "provenance": provenance,
    }
    return TestScenario(**(known | more), steps=steps)


def answer(request: BaseHTTPRequestHandler, body: str) -> tuple[int, str]:
    if request.command == "POST":
        return 201, json.dumps({"id": 7, "email": json.loads(body)["email"]})
    return 200, json.dumps({"id": int(request.path[-1])} if request.path[-1].isdigit() else BOOKS)


def outcome(folder: Path, scenario: TestScenario) -> list[str]:
    """What became of each test, by plain Node."""
    file, runner = folder / "it.test.js", folder / "runner.js"
    file.write_text(TARGET.render(scenario))
    runner.write_text(RUNNER)
    with a_service(answer) as url:
        command = [require("node"), str(runner), str(file)]
        done = subprocess.run(
            command, env={"AQE_TARGET_URL": url}, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


HOLDS = (
    expects("status-is", 200),
    expects("status-below", 500),
    expects("json-has-key", "price"),
    expects("json-has-key", "items", ""),
    expects("json-equals", 2, "count"),
    expects("json-contains", {"items": [{"id": 1}, {"id": 2}]}),
    expects("json-shape", SHAPE),
    expects("json-one-of", ["a", None], "items.*.name"),
    expects("json-matches", "[a-z]", "items.0.name"),
    expects("json-at-least", 3, "items.*.price"),
    expects("json-at-most", 5, "items.*.price"),
    expects("json-count", "items", "count"),
    expects("json-same", "items.0.id", "first"),
    expects("json-sum", ["items", "price", "quantity"], "total"),
    expects("json-product", ["items.*.price", "items.*.quantity"], "items.*.cost"),
    expects("json-sorted", "id", "items"),
    expects("json-sorted", "-price", "items"),
    expects("latency-below-ms", 5000),
)
FAILS = (
    expects("status-is", 201),
    expects("status-below", 200),
    expects("header-is", "text/html", "content-type"),
    expects("json-has-key", "colour"),
    expects("json-has-key", "price", ""),
    expects("json-equals", 3, "count"),
    expects("json-contains", {"items": [{"id": 2}]}),
    expects("json-shape", SHAPE | {"colour": "string"}),
    expects("json-shape", SHAPE | {"total": "string"}),
    expects("json-one-of", ["a"], "items.*.name"),
    expects("json-matches", "[b-z]", "items.0.name"),
    expects("json-at-least", 4, "items.*.price"),
    expects("json-at-most", 4, "items.*.price"),
    expects("json-count", "items", "first"),
    expects("json-same", "items.1.id", "first"),
    expects("json-sum", ["items", "price"], "total"),
    expects("json-product", ["items.*.price", "items.*.price"], "items.*.cost"),
    expects("json-sorted", "price", "items"),
    expects("latency-below-ms", 0),
    expects("json-equals", 2, "not.there"),
)


def test_every_kind_of_expectation_holds_where_it_should_and_fails_where_it_should(tmp_path: Path) -> None:
    """One test a step: all that hold pass, and each that does not fails on its own."""
    steps = [a_step(one, title=f"{n} {one.kind}") for n, one in enumerate((*HOLDS, *FAILS))]
    lines = outcome(tmp_path, a_scenario(*steps))
    assert [line.split()[0] for line in lines] == ["passed"] * len(HOLDS) + ["failed"] * len(FAILS), lines


def test_a_flow_hands_on_what_it_captured_also_by_several_at_once(tmp_path: Path) -> None:
    """Data are made up; a captured id stands in a path and in an expectation."""
    made = a_step(
        expects("status-is", 201),
        method="POST",
        path="/api/orders",
        body={"email": "{{email}}"},
        captures=(Capture(name="order_id", path="id"), Capture(name="mail", path="email")),
    )
    read = a_step(expects("json-equals", "{{order_id}}", "id"), path="/api/orders/{{order_id}}")
    wrong = a_step(expects("json-equals", 8, "id"), path="/api/orders/{{order_id}}")
    flow: dict[str, Any] = {"independent": False, "data": (Datum(name="email", kind="email", given=False),)}
    several = a_scenario(made, read, conditions=Conditions(concurrency=3), **flow)
    assert [line.split()[0] for line in outcome(tmp_path, several)] == ["passed", "passed"]
    assert outcome(tmp_path, a_scenario(made, read, wrong, **flow))[0].startswith("failed")


def test_hostile_texts_stay_data(tmp_path: Path) -> None:
    """In titles, paths, bodies, keys, reasons: the file runs, and fails because of the service alone."""
    step = a_step(
        expects("json-equals", {HOSTILE: HOSTILE}, HOSTILE),
        title=HOSTILE,
        path=f"/{HOSTILE}",
        body={HOSTILE: [HOSTILE], "__proto__": 1},
        method="PUT",
    )
    lines = outcome(tmp_path, a_scenario(step, title=HOSTILE))
    assert any(line.startswith("failed") for line in lines)


def test_steps_in_a_browser_are_refused() -> None:
    """And a scenario of no steps."""
    assert TARGET.refusal(a_ui_scenario()) == "it has steps in a browser"
    assert TARGET.refusal(a_scenario()) == "it has no steps"
    assert TARGET.refusal(a_scenario(a_step())) is None


@pytest.mark.parametrize("value", ["{{nobody}}", "a {{nobody}} b", {"x": ["{{nobody}}"]}])
def test_braces_that_name_nothing_are_text(value: Any) -> None:
    """Only what the scenario itself captures or brings along is a variable."""
    assert "data." not in TARGET.render(a_scenario(a_step(expects("json-equals", value, "x"))))


@pytest.mark.xdist_group("npm")
def test_jest_and_vitest_run_the_same_file(tmp_path: Path) -> None:
    """The real runners, beside a file that is skipped; their `expect` agrees with the small one above on what holds."""
    for scenario in (a_scenario(a_step(*HOLDS)), a_scenario(a_step(*HOLDS), id="rec-2", skipped="hardly used")):
        (tmp_path / TARGET.file_name(scenario)).write_text(TARGET.render(scenario))
    (tmp_path / "package.json").write_text("{}")
    modules = node_modules(*RUNNERS)
    (tmp_path / "node_modules").symlink_to(modules)
    with a_service(answer) as url:
        for runner in (("jest/bin/jest.js", "--watchman=false"), ("vitest/vitest.mjs", "run", "--globals")):
            command = [require("node"), str(modules / runner[0]), *runner[1:]]
            environment = os.environ | {"AQE_TARGET_URL": url, "CI": "1", "NO_COLOR": "1"}
            done = subprocess.run(
                command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
            )
            run = of_javascript(done.returncode, done.stdout + done.stderr)
            assert (run.colour, run.passed, run.failed) == (Colour.GREEN, 1, 0), done.stdout + done.stderr
            assert "1 skipped" in done.stdout + done.stderr

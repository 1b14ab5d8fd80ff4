"""Load, season, usage and dead code as a user types them, over logs that were imported."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from aqe.core.errors import EXIT_NO_GO, EXIT_OK, EXIT_USAGE
from aqe.tests.e2e.cli_project import Project
from aqe.tests.unit.generators.test_pytest_target import a_service

pytestmark = pytest.mark.xdist_group("cli-usage")


def access_log(days: int) -> str:
    """A request every ten minutes up to now, of a path that says which."""
    now = datetime.now(UTC)
    times = (now - timedelta(days=days) + timedelta(minutes=10 * n) for n in range(days * 144))
    return "".join(
        f'192.0.2.1 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET /api/products/{at:%H%M} HTTP/1.1" 200 9 "-" "x"\n'
        for at in times
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Project.at(tmp_path_factory.mktemp("usage")) as project:
        project.ok("import", project.write("access.log", access_log(3)), "--release", "v1", "--commit", "abc1234")
        yield project


def aqe(project: Project, *args: str) -> "subprocess.CompletedProcess[str]":
    return project.aqe("production", *args)


def test_load_patterns_are_shown_and_stored(project: Project) -> None:
    """The same JSON is printed and kept; too little data says so in the text."""
    text = project.ok("production", "load-patterns", "--days", "30")
    assert "GET /api/products/{id}" in text
    assert "NOT_MEASURED: insufficient data: a weekly profile" in text
    printed = project.json("production", "load-patterns", "--days", "30")
    assert printed["total"] == 432
    stored = json.loads(project.ok("memory", "get", "aqe/production/load-patterns"))
    assert {**stored, "insights": []} == {**printed, "insights": []}
    events = project.ok("events", "tail", "production-intelligence:*", "--from", "0", "--no-follow", "--json")
    assert "production-intelligence:analyzed" in events


def test_the_busiest_day_becomes_a_load_test(project: Project) -> None:
    """Written once; the same again is no error; somebody's edits are kept, and what would change is shown."""
    asked = ("production", "load-patterns", "--generate", "k6", "--output", "load", "--peak-rps", "20")
    done = project.aqe(*asked, "--duration", "1m")
    assert done.returncode == EXIT_OK and "GET /api/products/{id}" in done.stdout
    assert "wrote load/load_busiest_day.k6.js" in done.stderr and "made up" in done.stderr
    written = project.folder / "load" / "load_busiest_day.k6.js"
    assert '{ share: 1, name: "get_api_products_id"' in written.read_text()
    assert project.aqe(*asked, "--duration", "1m").returncode == EXIT_OK
    written.write_text(written.read_text() + "// mine\n")
    assert "kept load/load_busiest_day.k6.js, which was edited" in project.aqe(*asked, "--duration", "1m").stderr
    done = project.aqe(*asked, "--duration", "2m")
    assert done.returncode == EXIT_USAGE and "\n+ * Load test: busiest day" in done.stderr
    assert written.read_text().endswith("// mine\n")


def test_a_load_test_of_no_request_is_not_written(project: Project) -> None:
    asked = ("--generate", "k6", "--output", "x", "--peak-rps", "0.001", "--duration", "1s")
    done = aqe(project, "load-patterns", *asked)
    assert done.returncode == EXIT_USAGE and "would send" in done.stderr
    assert not (project.folder / "x").exists()


def test_too_little_traffic_for_a_model_gives_no_load_test(project: Project) -> None:
    """NOT_MEASURED with its reason, exit code 1, no file."""
    done = aqe(project, "load-patterns", "--days", "0.015", "--generate", "k6", "--output", "x")
    assert done.returncode == EXIT_NO_GO and "no load test is written: NOT_MEASURED" in done.stderr
    assert not (project.folder / "x").exists()


def test_a_window_without_traffic_and_a_mistyped_source_are_told(project: Project) -> None:
    done = aqe(project, "load-patterns", "--source", "spans")
    assert (done.returncode, done.stdout) == (EXIT_NO_GO, "")
    assert "no requests, spans or page views" in done.stderr
    assert aqe(project, "load-patterns", "--days", "1e9").returncode == EXIT_USAGE


def test_events_that_the_data_do_not_hold_are_not_measured(project: Project) -> None:
    """A mistyped one is named."""
    assert "easter, next" in project.ok("production", "seasonal-analysis", "--events", "easter,halloween")
    printed = project.json("production", "seasonal-analysis", "--events", "black-friday,cyber-monday")
    assert [event["event"] for event in printed["events"]] == ["black-friday", "cyber-monday"]
    done = aqe(project, "seasonal-analysis", "--events", "black-fryday")
    assert (done.returncode, "did you mean 'black-friday'" in done.stderr) == (EXIT_USAGE, True)


def test_feature_usage_goes_by_aqe_yaml_and_writes_what_it_prints(project: Project) -> None:
    """`--output` is the JSON; without it people read a table."""
    project.write("aqe.yaml", "features:\n  catalogue: {paths: [/api/prod*]}\n  gifts: {events: [gift_*]}\n")
    of = ("--release", "v1")
    text = project.ok("production", "feature-usage", *of)
    assert "CRITICAL" in text and "UNUSED    gifts" in text and "Test coverage NOT_MEASURED" in text
    done = aqe(project, "feature-usage", *of, "--days", "30", "--output", "out/usage-report.json")
    assert (done.returncode, done.stdout) == (0, "")
    written = json.loads((project.folder / "out" / "usage-report.json").read_text())
    assert [feature["name"] for feature in written["features"]] == ["catalogue"]
    project.write("out/file", "")
    assert aqe(project, "feature-usage", "--output", "out/file/x.json").returncode == EXIT_USAGE


def product_events() -> str:
    """As Mixpanel exports them: everybody searches, one of 2,130 has the old list, some compare; of thirty days."""
    now = datetime.now(UTC)

    def event(name: str, user: str, days: float) -> str:
        at = int((now - timedelta(days=days)).timestamp())
        told = {"time": at, "distinct_id": user, "$insert_id": f"{name}{user}"}
        return json.dumps({"event": name, "properties": told}) + "\n"

    searches = [event("search", f"u{n}", 0.1 + n % 30) for n in range(2_130)]
    return "".join([*searches, event("wishlist", "u1", 0.5), *(event("compare", f"u{n}", 2) for n in range(400))])


def recording() -> str:
    """Somebody searches, somebody has the old list, somebody reads what no product event tells of."""
    now = datetime.now(UTC)
    answer = {
        "status": 200,
        "headers": [],
        "content": {"mimeType": "application/json", "text": '{"items": [{"id": 1}]}'},
    }
    entries = [
        {
            "startedDateTime": (now - timedelta(minutes=number)).isoformat(),
            "time": 5,
            "request": {"method": "GET", "url": f"http://127.0.0.1:1{path}", "headers": []},
            "response": answer,
        }
        for number, path in enumerate(("/api/search?q=book", "/api/wishlist", "/api/about"))
    ]
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}})


def test_feature_usage_writes_suites_by_priority_that_run_and_skip_what_is_deprecated(project: Project) -> None:
    """What is used most goes first; what hardly anybody uses is written and skipped; a gap is told, not filled."""
    of = ("--release", "suites")
    files = project.write("events.jsonl", product_events()), project.write("flow.har", recording())
    project.ok("import", *files, *of, "--commit", "abc1234")
    project.ok("production", "recording-to-tests", *of)
    done = project.aqe("production", "feature-usage", *of, "--generate", "suites")
    assert done.returncode == EXIT_OK, done.stderr
    assert "UNTESTED  compare (MEDIUM): no test scenario goes through; `aqe import flow.har`" in done.stdout
    assert "was used in the window: 1 scenarios" in done.stderr
    with a_service(lambda request, body: (200, '{"items": [{"id": 1}]}')) as url:
        command = [sys.executable, "-P", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "suites"]
        environment = project.environment() | {"AQE_TARGET_URL": url}
        run = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0 and "1 passed, 1 skipped" in run.stdout, run.stdout
    assert "wishlist is used by 0.05 % of 2,130 users, last used" in run.stdout
    (first,) = (project.folder / "suites" / "critical").glob("test_*.py")
    assert "Feature search (CRITICAL): used by 100 % of users." in first.read_text()


def visit(session: str, *events: tuple[str, str]) -> Iterator[dict[str, object]]:
    """Events of a visit as Datadog gives them, ten seconds apart."""
    began = datetime.now(UTC) - timedelta(hours=1)
    for number, (kind, page) in enumerate(events):
        told = {"type": kind, "session": {"id": session}, "view": {"url_path": page}, "browser": {"name": "Chrome"}}
        if kind == "error":
            told["error"] = {"type": "TypeError", "message": "x is not a function"}
        at = (began + timedelta(seconds=10 * number)).isoformat()
        yield {"id": f"{session}{number}", "type": "rum", "attributes": {"timestamp": at, "attributes": told}}


def test_rum_analysis_shows_the_funnel_and_stores_what_it_prints(project: Project) -> None:
    """Of twenty visits that put something into the cart, ten meet an error there and leave."""
    way = [("view", "/product/1"), ("view", "/cart")]
    visits = [visit(f"s{n}", *way, ("error" if n < 10 else "view", "/checkout")) for n in range(20)]
    data = json.dumps({"data": [event for events in visits for event in events]})
    project.ok("import", project.write("rum.json", data), "--release", "r1", "--commit", "abc1234")
    text = project.ok("production", "rum-analysis")
    assert "why after cart: TypeError: x is not a function: 100 % of those who left, 0 % of those who went on" in text
    printed = project.json("production", "rum-analysis", "--funnel", "/product*,/cart,/checkout")
    assert [step["visits"] for step in printed["funnel"]["steps"]] == [20, 20, 10]
    stored = json.loads(project.ok("memory", "get", "aqe/production/rum-analysis"))
    assert {**stored, "insights": []} == {**printed, "insights": []}
    done = aqe(project, "rum-analysis", "--funnel", "/cart,/chekout")
    assert (done.returncode, "did you mean '/checkout'" in done.stderr) == (EXIT_NO_GO, True)
    assert aqe(project, "rum-analysis", "--funnel", "/cart").returncode == EXIT_USAGE


def test_journeys_are_shown_drawn_and_stored_and_the_next_run_looks_for_new_ways(project: Project) -> None:
    """The same JSON is printed and kept; people's ways, and nothing of four people."""
    visits = [visit(f"j{n}", ("view", "/journey/1"), ("view", "/stop" if n < 16 else "/rare")) for n in range(20)]
    data = json.dumps({"data": [event for events in visits for event in events]})
    project.ok("import", project.write("journeys.json", data), "--release", "j1", "--commit", "abc1234")
    asked = ("production", "journeys", "--release", "j1")
    text = project.ok(*asked)
    assert "/journey/{id} -> /stop" in text and "/rare" not in text and "of fewer than 5 people each" in text
    assert '["/stop #40;16 sessions#41;"]' in project.ok(*asked, "--format", "mermaid")
    printed = project.json(*asked)
    assert "no session began after" in printed["conformance"]["reason"]
    stored = json.loads(project.ok("memory", "get", "aqe/production/journeys"))
    assert {**stored, "insights": []} == {**printed, "insights": []}
    done = aqe(project, "journeys", "--release", "none")
    assert (done.returncode, "`aqe import access.log`" in done.stderr) == (EXIT_NO_GO, True)


def test_dead_code_names_what_nobody_asks_for(project: Project) -> None:
    """The source is read where the command runs; a folder without any is told."""
    source = "@app.get('/api/products/<id>')\ndef product(id): ...\n\n@app.get('/old')\ndef old(): ...\n"
    project.write("shop/app.py", source)
    text = project.ok("production", "dead-code", "--min-days", "3", "--source", "shop")
    assert "CANDIDATE  GET /old" in text and "USED       GET /api/products/<id>" in text
    routes = project.json("production", "dead-code", "--min-days", "90", "--source", "shop")["routes"]
    assert {route["path"]: route["verdict"] for route in routes} == {"/old": "UNDECIDED", "/api/products/<id>": "USED"}
    (project.folder / "empty").mkdir()
    done = aqe(project, "dead-code", "--source", "empty")
    assert (done.returncode, "no Python source" in done.stderr) == (EXIT_USAGE, True)

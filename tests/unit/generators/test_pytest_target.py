"""The pytest file: well written, red on the bug, green on the fix, and only data from outside."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqe.core.records.production.findings import FindingPriority
from aqe.core.records.production.scenarios import Expectation, Provenance, RequestStep, TestScenario
from aqe.generators.pytest_target import PytestTarget
from aqe.generators.secrets_scan import scan
from aqe.tests.receivers import web_server

TARGET = PytestTarget()
Answer = tuple[int, str]


def below_500(because: str = "production answered 500 5 times") -> Expectation:
    return Expectation(kind="status-below", value=500, because=because)


def has_key(name: str = "price", path: str | None = None) -> Expectation:
    return Expectation(kind="json-has-key", value=name, path=path, because=f"inferred: {name!r} was missing")


def a_step(path: str = "/api/products/3", *expectations: Expectation, **changes: Any) -> RequestStep:
    return RequestStep(**({"method": "GET", "path": path, "expectations": expectations or (below_500(),)} | changes))


def a_scenario(*steps: RequestStep, **changes: Any) -> TestScenario:
    known: dict[str, Any] = {
        "id": "scenario-err-7507c961dac9",
        "title": "GET /api/products/{id}: no KeyError: 'price'",
        "priority": FindingPriority.HIGH,
        "steps": steps or (a_step("/api/products/3", below_500(), has_key()),),
        "provenance": Provenance(
            finding_id="err-7507c961dac9",
            finding="KeyError: 'price'",
            occurrences=8,
            sample_size=1203,
            window_from=datetime(2026, 1, 1, 10, tzinfo=UTC),
            window_to=datetime(2026, 1, 1, 10, 5, tzinfo=UTC),
        ),
    }
    return TestScenario(**(known | changes))


@contextmanager
def a_service(answer: Callable[[BaseHTTPRequestHandler, str], Answer]) -> Iterator[str]:
    """A service on a free port; `answer` gets the request and its body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            status, text = answer(self, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET

    with web_server(Handler) as url:
        yield url


def run(folder: Path, scenario: TestScenario, url: str | None) -> tuple[dict[str, int], str]:
    """Outcome counts and output of a pytest run of the generated file, as a user would start it."""
    file = folder / TARGET.file_name(scenario)
    file.write_text(TARGET.render(scenario), encoding="utf-8")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AQE_", "PYTEST_"))}
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "pytest",
            "-q",
            "-rA",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            str(folder),
            str(file),
        ],
        env=env | ({"AQE_TARGET_URL": url} if url else {}),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    outcomes = [line.split()[0] for line in done.stdout.splitlines() if line.startswith(("PASSED", "FAILED", "ERROR "))]
    return {outcome: outcomes.count(outcome) for outcome in set(outcomes)}, done.stdout


EXPECTED_FILE = '''\
"""GET /api/products/{id}: no KeyError: 'price'.

Written by aqe from what production did: finding err-7507c961dac9, KeyError: 'price',
seen 8 times in 1,203 records from 2026-01-01 10:00 UTC to 2026-01-01 10:05 UTC.

Run it against a service: AQE_TARGET_URL=http://127.0.0.1:8000 pytest FILE
"""

import http.client
import json
import os
from urllib.parse import SplitResult, urlsplit

import pytest

TIMEOUT_S = 10

REQUESTS = [
    # method, path, why
    ("GET", "/api/products/3", "production answered 500 5 times"),
    ("GET", "/api/products/7", "production answered 500 3 times"),
]


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


def keys_of(value: object) -> set[str]:
    """All keys in a JSON document, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    return set()


@pytest.mark.parametrize(
    ("method", "path", "because"),
    REQUESTS,
    ids=[f"{row[0]} {row[1]}" for row in REQUESTS],
)
def test_get_api_products_id_no_keyerror_price(
    target: SplitResult, method: str, path: str, because: str
) -> None:
    """What failed in production is answered."""
    status, answer = send(target, method, path)
    assert status < 500, f"{method} {path}: got {status}, expected below 500; {because}"
    if status < 300:
        # inferred: 'price' was missing
        expected = "price"
        found = keys_of(json.loads(answer))
        assert expected in found, (
            f"{method} {path}: got {sorted(found)}, expected {expected!r}; {because}"
        )
'''


def test_the_file_reads_like_one_that_a_person_wrote() -> None:
    """The whole file, so that a reviewer of a change sees what users will see."""
    steps = (
        a_step("/api/products/3", below_500(), has_key()),
        a_step("/api/products/7", below_500("production answered 500 3 times"), has_key()),
    )
    assert TARGET.render(a_scenario(*steps)) == EXPECTED_FILE
    assert TARGET.file_name(a_scenario()) == "test_get_api_products_id_no_keyerror_price_7507c961dac9.py"


EVERY_KIND = a_scenario(
    a_step("/api/products/3", below_500(), has_key(), has_key("cents", "offers.0.price")),
    a_step("/api/products/7", below_500("production answered 500 3 times"), has_key()),
    a_step(
        "/api/orders",
        Expectation(kind="status-is", value=201, because="recorded"),
        Expectation(kind="json-equals", value={"total": 5, "lines": ["a" * 40, "b" * 40]}, because="recorded"),
        Expectation(kind="json-equals", value="x", path="lines.1", because="why not " * 20),
        Expectation(kind="latency-below-ms", value=2500, because="recorded"),
        method="POST",
        headers={"X-Trace": "1", "Accept": "application/json", "X-Long": "y" * 80},
        body={"product": 3, "name": "größe"},
    ),
    a_step("/nothing-expected", expectations=()),
    title="A very long title that goes on and on, " * 4,
)


SKIPPED = a_scenario(
    skipped="wishlist is used by 0.05 % of 84,392 users, last used 2024-08-12: a candidate for removal"
)


@pytest.mark.parametrize("scenario", [a_scenario(), EVERY_KIND, SKIPPED], ids=["usual", "every kind", "skipped"])
def test_the_file_passes_linter_and_formatter_with_their_defaults(tmp_path: Path, scenario: TestScenario) -> None:
    """Nobody wants to repair what a machine wrote."""
    file = tmp_path / TARGET.file_name(scenario)
    file.write_text(TARGET.render(scenario), encoding="utf-8")
    for command in (
        ["check", "--select", "E4,E7,E9,F,I,B,UP,SIM,RUF,PT,RET,C4,A"],
        ["format", "--diff"],
    ):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "ruff", *command, "--isolated", "--no-cache", str(file)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


def test_the_file_is_red_on_the_bug_and_green_on_the_fix(tmp_path: Path) -> None:
    """The reason why it exists; the failure tells what was expected, got, and seen in production."""
    scenario = a_scenario(
        a_step("/api/products/3", below_500(), has_key()), a_step("/api/products/7", below_500(), has_key())
    )

    def broken(request: BaseHTTPRequestHandler, body: str) -> Answer:
        return (500, "{}") if request.path.endswith("3") else (200, '{"id": 7, "name": "x"}')

    with a_service(broken) as url:
        outcomes, output = run(tmp_path, scenario, url)
    assert outcomes == {"FAILED": 2}
    assert "GET /api/products/3: got 500, expected below 500; production answered 500 5 times" in output
    assert "GET /api/products/7: got ['id', 'name'], expected 'price'; production answered 500 5 times" in output

    with a_service(lambda request, body: (200, '{"product": {"price": null}}')) as url:
        assert run(tmp_path, scenario, url)[0] == {"PASSED": 2}


def test_a_clean_refusal_is_a_repair_too(tmp_path: Path) -> None:
    """A service may decide that a product without a price is not found: then its page need not hold one."""
    with a_service(lambda request, body: (404, "not found")) as url:
        assert run(tmp_path, a_scenario(), url)[0] == {"PASSED": 1}


def test_every_kind_of_expectation_holds_and_fails(tmp_path: Path) -> None:
    """Headers and body arrive; each assertion can be met and can be missed."""
    seen: list[tuple[str, str, str]] = []
    good = {
        "/api/products/3": (200, json.dumps({"price": 1, "offers": [{"price": {"cents": 3}}]})),
        "/api/products/7": (200, '[{"price": 2}]'),
        "/nothing-expected": (500, ""),
    }
    order = {"total": 5, "lines": ["a" * 40, "b" * 40]}

    def answer(request: BaseHTTPRequestHandler, body: str) -> Answer:
        if request.path == "/api/orders":
            seen.append((request.command, body, request.headers["Content-Type"]))
            return 201, json.dumps(order)
        return good[request.path]

    scenario = EVERY_KIND.model_copy(update={"steps": tuple(s for s in EVERY_KIND.steps)})
    with a_service(answer) as url:
        outcomes, output = run(tmp_path, scenario, url)
    assert outcomes == {"PASSED": 3, "FAILED": 1}, output
    assert "got 'bbbbbbbbbb" in output and "expected 'x'" in output
    assert seen == [("POST", '{"product": 3, "name": "gr\\u00f6\\u00dfe"}', "application/json")]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (None, "AQE_TARGET_URL is '', expected the base URL of the service to test"),
        ("localhost:80", "AQE_TARGET_URL is 'localhost:80', expected the base URL"),
        ("http://127.0.0.1:9", "GET /api/products/3: no answer from http://127.0.0.1:9"),
    ],
)
def test_without_a_service_the_file_says_what_is_missing(tmp_path: Path, url: str | None, message: str) -> None:
    """It fails: a skipped test would let a release through."""
    outcomes, output = run(tmp_path, a_scenario(), url)
    assert "PASSED" not in outcomes and outcomes
    assert message in output


def test_the_base_url_may_have_a_path(tmp_path: Path) -> None:
    """A service behind a gateway."""
    with a_service(lambda request, body: (200 if request.path == "/shop/a" else 500, "{}")) as url:
        assert run(tmp_path, a_scenario(a_step("/a")), f"{url}/shop/")[0] == {"PASSED": 1}


def shape(source: str) -> str:
    """The program without its constants and names of tests."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            node.name = "test_"
    return ast.dump(tree)


hostile = st.text(st.characters(codec=None)) | st.lists(
    st.sampled_from(
        [
            '"""',
            "'''",
            "\\",
            "\n",
            "\r",
            "\0",
            "\u2028",
            "${x}",
            "{y}",
            "*/",
            "#",
            "'",
            '"',
            "\ud800",
            "\u202e",
            "import os",
            "/",
            "%00",
            "x" * 90,
        ]
    )
).map("".join)


@given(hostile, hostile, hostile, hostile, hostile)
def test_hostile_text_from_production_stays_data(path: str, title: str, finding: str, why: str, key: str) -> None:
    """The program is the same as for harmless text: nothing from outside became code."""
    provenance = a_scenario().provenance.model_copy(update={"finding": finding, "finding_id": finding})
    expected = below_500("harmless"), has_key("price")
    harmless = TARGET.render(a_scenario(a_step("/a", *expected)))
    attack = a_scenario(
        a_step(path, below_500(why), Expectation(kind="json-has-key", value=key, because=why)),
        title=title,
        provenance=provenance,
    )
    source = TARGET.render(attack)
    assert shape(source) == shape(harmless)
    assert source.isascii()
    assert TARGET.file_name(attack).removesuffix(".py").isidentifier()
    compile(source, "generated.py", "exec")


def test_hostile_requests_are_sent_as_they_were_and_no_more(tmp_path: Path) -> None:
    """A path cannot add headers or a second request; it arrives percent-encoded."""
    paths = ["/a b\r\nX-Evil: 1", "/größe?q=ü#x", "/\ud800", "//evil.example/x", "http://evil.example/", "/'\"\\${x}"]
    seen: list[str] = []

    def answer(request: BaseHTTPRequestHandler, body: str) -> Answer:
        seen.append(request.path)
        return (500 if request.headers["X-Evil"] else 200), "{}"

    with a_service(answer) as url:
        outcomes, output = run(tmp_path, a_scenario(*map(a_step, paths)), url)
    assert outcomes == {"PASSED": len(paths)}, output
    assert sorted(seen) == sorted(
        [
            "/a%20b%0D%0AX-Evil:%201",
            "/gr%C3%B6%C3%9Fe?q=%C3%BC%23x",
            "/%ED%A0%80",
            "/evil.example/x",
            "/http://evil.example/",
            "/'%22%5C$%7Bx%7D",
        ]
    )


@pytest.mark.parametrize(
    "leak",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "password=hunter22",
        "'api_key': 'a1b2c3d4'",
        "Bearer abcdefGH1234567890",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
        "bob@example.org",
        "bob%40example.org",
        "bob%2540example.org",
        "4242 4242 4242 4242",
        "DE89370400440532013000",
        "https://bob:pw@db.example/x",
        "-----BEGIN RSA PRIVATE KEY-----",
        "Zk3x9QpL2mN8vB4tR7sW1yUa",
        "x" * 1_000_001,
    ],
)
def test_a_file_with_a_secret_or_personal_data_is_found_out(leak: str) -> None:
    """What redaction missed is stopped here; the report shows too little to use it."""
    leaks = scan(TARGET.render(a_scenario(a_step(f"/a?x={leak}"))) if len(leak) < 1000 else leak)
    assert leaks
    assert all(leak not in found.shown for found in leaks)


@pytest.mark.parametrize(
    "text",
    [
        "/api/carts/3f2a9c1b4d5e6f708192a3b4c5d6e7f8",
        "/u/6f1f0cb2-7a39-4c3b-9d8e-0123456789ab",
        "1700000000000 and 1700000000000000000",
        "InvalidToken: not enough segments",
        "/static/logo@2x.png",
        "getProductByIdAndVariant2ForUser",
        "KeyError: 'token'",
        "10.2.14.3",
    ],
)
def test_harmless_text_is_not_refused(text: str) -> None:
    """Ids, times, versions and words of programmers are no secrets."""
    assert scan(TARGET.render(a_scenario(title=text))) == ()

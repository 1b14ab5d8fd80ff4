"""Production as an attacker would write it: logs, recordings, sessions, traffic and incidents, with secrets in them.

Every text field that an importer fills gets a hostile text or one with a planted secret in it; what is read is
redacted as an import does, and goes the whole way to test files.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from aqe.agents.production_intelligence.anomalies.scenarios import anomaly_scenarios
from aqe.agents.production_intelligence.browser.suite import journeys_to_tests
from aqe.agents.production_intelligence.endpoints import endpoint
from aqe.agents.production_intelligence.errors.mining import mine_errors
from aqe.agents.production_intelligence.incidents.replay_plan import plan_of
from aqe.agents.production_intelligence.incidents.window import Around, Stretch
from aqe.agents.production_intelligence.load.plan import plan_load_test
from aqe.agents.production_intelligence.recorded.exchanges import exchanges
from aqe.agents.production_intelligence.recorded.suite import recorded_tests
from aqe.analysis.redaction.redactor import Redactor
from aqe.benchmarks.incidents.rows import START as INCIDENT_START
from aqe.benchmarks.incidents.rows import the_incident, the_rows
from aqe.connectors.formats.production.har import Har
from aqe.core.records.bulk.apm import SpanRow
from aqe.core.records.bulk.logs import AccessRow, LogRow
from aqe.core.records.bulk.recordings import ExchangeRow
from aqe.core.records.bulk.rows import Row
from aqe.core.records.bulk.rum import RumRow
from aqe.core.records.production.anomalies import Anomaly, AnomalyType, Severity
from aqe.core.records.production.incident_replay import ReplayPlan
from aqe.core.records.production.load_test import LoadTest
from aqe.core.records.production.scenarios import BrowserTests, MinedErrors, TestScenario
from aqe.fleet.imports.redact_rows import redact_record, redact_row
from aqe.tests.unit.formats.reading_rows import rows as rows_of
from aqe.tests.unit.production.load_models import SHOP, a_mix, a_model
from aqe.tests.unit.production.windows import loaded, stored

Made = TestScenario | LoadTest | ReplayPlan
NOW = datetime(2026, 3, 2, tzinfo=UTC)
REDACTOR = Redactor(b"key")
SECRETS = (
    "mallory.q7x@evil-corp.example.org", "4111111111111111", "AKIAIOSFODNN7QX4ABCD", "sk_live_51HqJx7LkQ2mZt9Rw3Yp8Vd",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "DE89370400440532013000",
)  # fmt: skip
"""Planted; none of them may stand in a file."""
PIECES = (
    '"', "'", '"""', "'''", "`", "\\", "\n", "\r", "\0", "\u2028", "\u202e", "*/", "/*", "//", "#", "-->",
    "</script>", "${process.exit()}", "{{cart_id}}", "{id}", "%s%n", "{0}", "__import__('os').abort()",
    "'); process.abort(); ('", '"); import os; os.abort(); ("', "\nimport os\nos.abort()\n",
    "\n});\nprocess.abort();\n", "require('fs')", "eval(x)", "<email:ab>", "<secret:q1>", "é" * 40, "x" * 300,
    "a=b&c=d", "..", "/../../etc/passwd", "~", "test('x', () => {})",
)  # fmt: skip


class Attacker:
    """Words, hostile ones and secrets, by chance.

    Args:
        chance: seeded.
    """

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    def text(self) -> str:
        """For a field of free text."""
        parts = [self.chance.choice(PIECES) for _ in range(self.chance.randint(1, 3))]
        if self.chance.random() < 0.4:
            parts.insert(self.chance.randint(0, len(parts)), f" {self.chance.choice(SECRETS)} ")
        return "a".join(parts)

    def path(self) -> str:
        """For a URL: raw or encoded, in a segment or in the query."""
        text = self.text().strip()
        shown = quote(text.encode(errors="surrogatepass"), safe="") if self.chance.random() < 0.5 else text
        return f"/api/{shown}" if self.chance.random() < 0.5 else f"/api/things?q={shown}"

    def value(self) -> Any:
        """For JSON."""
        made: list[Callable[[], Any]] = [
            self.text, lambda: {self.text(): self.text()}, lambda: [self.text()], lambda: self.chance.randint(-9, 9**9),
            lambda: None, lambda: True, lambda: 1.5,
        ]  # fmt: skip
        return self.chance.choice(made)()


def from_logs(evil: Attacker) -> Iterator[Made]:
    """One error, several times."""
    row = LogRow(
        NOW - timedelta(hours=1), "ERROR", evil.text(), evil.text(), evil.text(), "1.4", evil.text(),
        f'Traceback (most recent call last):\n  File "{evil.text()}", line 4, in f\n    x\nKeyError: {evil.text()!r}',
        "GET", evil.path(), 500, evil.text(), evil.text(), evil.text(), evil.text(), evil.text(),
    )  # fmt: skip
    rows = [redact_row(row._replace(at=row.at + timedelta(seconds=n)), REDACTOR) for n in range(3)]
    answer = mine_errors(loaded(rows, now=NOW)).answer
    assert isinstance(answer, MinedErrors)
    yield from answer.scenarios


def from_recordings(evil: Attacker) -> Iterator[Made]:
    """A HAR: visits that do the same, each with an id that one answer gives and later requests use."""
    first, last, more, note = evil.path(), evil.path(), evil.text(), evil.value()
    body, answer = {"a": evil.value(), evil.text(): note}, {evil.text(): evil.value(), more: evil.text()}
    headers = {name: evil.text() for name in ("Accept", "X-Note", "ETag", "Cache-Control")} | {"Location": evil.path()}
    entries = []
    # A session that no recorded answer gave was begun before: such visits cannot be tested.
    anonymous = evil.chance.random() < 0.8
    for visit in range(3):
        given = f"id-{evil.chance.randint(10**8, 10**9)}"
        asked = [
            ("POST", first, body, 201, {"id": given, **answer}),
            ("GET", f"/api/carts/{given}", None, 200, {"id": given, "items": [note], "total": 3, more: visit}),
            (
                "POST",
                "/api/orders",
                {"cart_id": given, "note": note},
                201,
                {"cart_id": given, "note": note, more: more},
            ),
            ("GET", last, None, evil.chance.choice((200, 404)), [note, answer]),
            ("GET", "/api/products", None, 200, {"count": 1, "products": [{"id": 1, **answer}]}),
        ]
        at = NOW + timedelta(minutes=visit)
        entries += [
            _entry("" if anonymous else f"s{visit}", at + timedelta(seconds=n), *one, headers)
            for n, one in enumerate(asked)
        ]
    har = json.dumps({"log": {"version": "1.2", "creator": {"name": evil.text()}, "entries": entries}})
    rows = [redact_row(row, REDACTOR) for row in rows_of(Har(), har.encode())]
    yield from recorded_tests(exchanges(rows)).scenarios


def _entry(
    session: str, at: datetime, method: str, path: str, body: Any, status: int, answer: Any, more: dict[str, str]
) -> Any:
    known = {"Authorization": f"Bearer {SECRETS[4]}{session}", "Cookie": f"sid=q1w2e3r4t5y6{session}"}
    headers = [{"name": name, "value": value} for name, value in {**(known if session else {}), **more}.items()]
    post = {} if body is None else {"postData": {"mimeType": "application/json", "text": json.dumps(body)}}
    content = {"mimeType": "application/json", "size": 9, "text": json.dumps(answer)}
    return {
        "startedDateTime": at.isoformat(),
        "time": 5,
        "request": {"method": method, "url": f"http://shop.example{path}", "headers": headers, **post},
        "response": {"status": status, "statusText": more["X-Note"], "headers": headers, "content": content},
        "timings": {"send": 0, "wait": 5, "receive": 0},
    }


def from_sessions(evil: Attacker, folder: Path, ways: int) -> Iterator[Made]:
    """Ways through a site that six people took each, and a page of a list that they looked at."""
    rows: list[Row] = []
    for way in range(ways):
        steps = [("/", None), *((evil.path(), evil.text()) for _ in range(3))]
        listed, title, words = f"/w{way}{evil.path()}?page={evil.text()}", evil.text(), escape(evil.text())
        shown = (
            f"<html><title>{escape(title)}</title><h1>{words}</h1><a href='#' data-testid='{words}'>{words}</a></html>"
        )
        for person in range(6):
            asked = ExchangeRow(NOW - timedelta(hours=2), "GET", "http://shop.example", listed, 200, 5.0)
            rows.append(asked._replace(session=f"s{person}", response_type="text/html", response_body=shown))
            for n, (page, name) in enumerate(steps):
                at = NOW - timedelta(days=1) + timedelta(seconds=10 * n)
                row = RumRow(at, "view", f"s{way}-{person}", evil.text(), f"v{n}", f"/w{way}{page}")
                more: dict[str, Any] = {"browser": steps[-1][1], "device": evil.text(), "service": "shop"}
                rows.append(row._replace(**more))
                if name:
                    rows.append(row._replace(event="action", name=name, at=at + timedelta(seconds=1), **more))
    held = stored(folder, [redact_row(row, REDACTOR) for row in rows], now=NOW, minFrequency=6)
    answer = journeys_to_tests(replace(held, records={})).answer
    assert isinstance(answer, BrowserTests)
    yield from answer.scenarios


def from_traffic(evil: Attacker) -> Iterator[Made]:
    """An access log's endpoints."""
    rows = [
        AccessRow(NOW, "GET", evil.path(), 200, None, None, evil.text(), evil.text(), evil.path()) for _ in range(4)
    ]
    paths = dict.fromkeys(endpoint(redact_row(row, REDACTOR).path) for row in rows)
    mix = a_mix([*SHOP, *(("GET", path, 900) for path in paths)])
    yield plan_load_test(a_model(mix=mix), duration_s=60, peak_rps=60, include_unsafe=True)


def from_anomalies(evil: Attacker) -> Iterator[Made]:
    """Requests that failed for an hour, or were slow, after a day without such a thing."""
    path = evil.path()
    rows = [
        AccessRow(NOW - timedelta(minutes=n), "GET", path, 503 if n < 60 else 200, None, 10.0, None, None, None)
        for n in range(400)
    ]
    # An anomaly is told in the names of rows, which were redacted on their way in.
    words = redact_record(the_incident().model_copy(update={"title": evil.text()}), REDACTOR)
    anomaly = Anomaly(
        id="anm-0123456789ab", type=AnomalyType.ERROR_RATE_SPIKE, severity=Severity.HIGH, status="open",
        series=words.title, source="access", endpoint=f"GET {endpoint(redact_row(rows[0], REDACTOR).path)}",
        began_at=NOW - timedelta(minutes=59), detected_at=NOW, last_data_at=NOW, observed=1.0, expected=0.0,
        expected_low=0.0, expected_high=0.1, score=1.0, p_value=0.0, affected_users=3,
        explanation=f"{words.title} was 40 %", recommendation="test what changed",
    )  # fmt: skip
    scenarios, _ = anomaly_scenarios((anomaly,), loaded([redact_row(row, REDACTOR) for row in rows], now=NOW))
    yield from scenarios


def from_incidents(evil: Attacker) -> Iterator[Made]:
    """A small one of the specification's kind."""
    words = {name: evil.text() for name in ("title", "error", "service")}
    incident = redact_record(the_incident().model_copy(update=words), REDACTOR)
    peer, path = evil.text(), evil.path()
    spans = [redact_row(_hostile(span, evil, peer, path, words["service"]), REDACTOR) for span in the_rows(4, 2)]
    before = Stretch(INCIDENT_START - timedelta(hours=1), INCIDENT_START, (), (), (), 0)
    during = Stretch(INCIDENT_START, INCIDENT_START + timedelta(hours=1), tuple(spans), (), (), 0)
    yield plan_of(incident, Around(incident, before, during, ()))


def _hostile(span: SpanRow, evil: Attacker, peer: str, path: str, service: str) -> SpanRow:
    return span._replace(
        name=evil.text(),
        service=service if span.service == "payment-service" else peer,
        peer=span.peer and peer,
        error_type=span.error_type and evil.text(),
        request_path=span.request_path and path,
    )

"""Real users, product analytics, Sentry, recordings."""

import io
from typing import Any

import pytest

from aqe.analysis.redaction.redactor import Redactor
from aqe.analysis.texts.stack_traces import culprit, parse
from aqe.connectors.formats.production import recent, web_vitals
from aqe.connectors.formats.production.amplitude import Amplitude
from aqe.connectors.formats.production.chrome_recorder import HIDDEN, ChromeRecorder
from aqe.connectors.formats.production.faro import Faro
from aqe.connectors.formats.production.ga4_export import Ga4Export
from aqe.connectors.formats.production.har import Har
from aqe.connectors.formats.production.mixpanel import Mixpanel
from aqe.connectors.formats.production.rum_rows import RumRows
from aqe.connectors.formats.production.sentry import Sentry
from aqe.connectors.formats.production.web_vitals import WebVitals
from aqe.core.records.bulk.logs import LogRow
from aqe.core.records.bulk.rum import RumRow
from aqe.fleet.imports.redact_rows import redact_row

from .reading_rows import notes, read, rows

LOADED = "1795308900123"


def beacon(name: str, value: float, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"name": name, "value": value, "delta": value, "id": f"v4-{LOADED}-{number}", **more}


def test_a_beacon_that_is_reported_again_counts_once_with_its_last_value() -> None:
    """Its time is that of the page load, in its id."""
    first, second = rows(WebVitals(), beacon("CLS", 0.05), beacon("LCP", 2400.5, 2), beacon("CLS", 0.15))
    assert {(row.lcp_ms, row.cls) for row in (first, second)} == {(2400.5, None), (None, 0.15)}
    assert first.at.isoformat() == "2026-11-22T00:55:00.123000+00:00"


def test_a_beacon_with_a_user_agent_tells_device_and_browser() -> None:
    """What the beacon says itself counts for more; an agent that says nothing of a device has none."""
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1"
    tablet = "Mozilla/5.0 (Linux; Android 14; SM-X200) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
    found = rows(
        WebVitals(),
        beacon("LCP", 1, 1, userAgent=phone),
        beacon("LCP", 2, 2, user_agent=tablet, browser="Brave"),
        beacon("LCP", 3, 3, ua="curl/8.5.0"),
        beacon("LCP", 4, 4, userAgent=17),
    )
    assert [(row.device, row.browser) for row in found] == [
        ("mobile", "Safari"), ("tablet", "Brave"), (None, "curl"), (None, "17"),
    ]  # fmt: skip


def test_pitfall_13_fid_is_read_as_legacy() -> None:
    """INP took its place; the note says so."""
    parsed, (row,) = read(WebVitals(), beacon("FID", 87))
    assert (row.fid_ms, row.inp_ms) == (87, None)
    assert "legacy" in notes(parsed)


def test_beacons_that_wait_for_a_correction_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is given first."""
    monkeypatch.setattr(web_vitals, "MAX_OPEN", 2)
    found = rows(WebVitals(), *(beacon("INP", n, n) for n in range(5)))
    assert [row.inp_ms for row in found] == [0, 1, 2, 3, 4]


def test_a_faro_payload_gives_everything_its_session() -> None:
    """Exceptions with frames, vitals, events, logs."""
    at = "2026-11-20T10:00:00Z"
    frames = [{"function": "buy", "filename": "cart.js", "lineno": 3, "colno": 7}]
    payload = {
        "meta": {
            "app": {"name": "shop", "version": "2"},
            "session": {"id": "s"},
            "page": {"url": "https://s/cart?x=1"},
        },
        "exceptions": [{"type": "TypeError", "value": "x", "timestamp": at, "stacktrace": {"frames": frames}}],
        "measurements": [{"type": "web-vitals", "values": {"lcp": 2400, "cls": 0.1}, "timestamp": at}],
        "events": [{"name": "buy", "timestamp": at}, {"name": "route_change", "timestamp": at}],
        "logs": [{"message": "m", "level": "warn", "timestamp": at}],
    }
    found = rows(Faro(), payload)
    assert {row.session for row in found} == {"s"}
    error, vital, action, view = (row for row in found if isinstance(row, RumRow))
    assert error.stack_trace == "TypeError: x\n    at buy (cart.js:3:7)"
    assert (vital.lcp_ms, vital.cls, action.name, view.event, view.page) == (2400, 0.1, "buy", "view", "/cart?x=1")
    assert [row.level for row in found if isinstance(row, LogRow)] == ["WARNING"]


def ga4(name: str = "purchase", **params: dict[str, Any]) -> dict[str, Any]:
    told = [{"key": key, "value": value} for key, value in params.items()]
    return {"event_name": name, "event_timestamp": "1795308900123456", "event_params": told, "user_pseudo_id": "p.1"}


def test_pitfall_10_a_ga4_session_is_made_of_two_columns_and_times_are_microseconds() -> None:
    """Numbers come as text; without consent there is neither user nor session."""
    event = ga4(ga_session_id={"int_value": "17"}, value={"double_value": 19.9}, currency={"string_value": "EUR"},
                page_location={"string_value": "https://s/thanks?o=1"}, items={"int_value": "2"})  # fmt: skip
    bought, anonymous = rows(Ga4Export(), event, {**ga4("page_view"), "user_pseudo_id": None})
    assert bought.at.isoformat() == "2026-11-22T00:55:00.123456+00:00"
    assert (bought.user, bought.session, bought.page) == ("p.1", "p.1.17", "/thanks?o=1")
    assert (bought.revenue, bought.currency, bought.properties) == (19.9, "EUR", '{"items":2}')
    assert (anonymous.user, anonymous.session) == (None, None)


def test_pitfall_10_mixpanel_counts_seconds_and_an_event_sent_twice_counts_once() -> None:
    """By event, person, time and $insert_id; without that id nothing can be told."""
    told = {"time": 1_795_308_900, "distinct_id": "d", "$insert_id": "i", "$browser": "Chrome", "items": 2}
    event = {"event": "Buy", "properties": told}
    other = {"event": "Buy", "properties": told | {"$insert_id": "j"}}
    unknown = {"event": "Buy", "properties": {"time": 1_795_308_900, "distinct_id": "d"}}
    parsed, found = read(Mixpanel(), event, other, event, unknown, unknown)
    assert len(found) == 4
    assert "counted once: 1" in notes(parsed)
    assert (found[0].at.isoformat(), found[0].platform) == ("2026-11-22T00:55:00+00:00", "web")
    assert found[0].properties == '{"items":2}'


def test_amplitude_times_are_utc_and_minus_one_is_no_session() -> None:
    """A session is one of a device; six digits of a second."""
    event = {"event_type": "buy", "event_time": "2026-11-20 10:00:00.123456", "session_id": 17, "device_id": "d",
             "$insert_id": "i", "event_properties": {"revenue": 9.5}}  # fmt: skip
    bought, opened = rows(Amplitude(), event, event | {"session_id": -1, "$insert_id": "j"}, event)
    assert (bought.at.isoformat(), bought.session) == ("2026-11-20T10:00:00.123456+00:00", "d.17")
    assert (bought.revenue, opened.session, opened.user) == (9.5, None, "d")


def test_what_was_seen_is_forgotten_in_generations() -> None:
    """Memory stays bounded, what came just before is always known."""
    seen = recent.Recent(generation=2)
    assert [seen.is_new(n) for n in (1, 2, 1, 3, 4, 1)] == [True, True, False, True, True, True]


def sentry_event(**fields: Any) -> dict[str, Any]:
    return {"event_id": "e", "platform": "python", "timestamp": "2026-11-20T10:00:00Z", "level": "error", **fields}


CHAIN = [{"type": "KeyError", "value": "'price'",
          "stacktrace": {"frames": [{"filename": "a.py", "lineno": 1, "function": "f", "context_line": " x "},
                                    {"filename": "b.py", "lineno": 2, "function": "g"}]}},
         {"type": "OrderError", "value": "no price", "stacktrace": {"frames": []}}]  # fmt: skip


def test_the_last_exception_of_sentry_is_the_one_that_was_raised() -> None:
    """The trace reads as Python prints it: causes first."""
    (row,) = rows(Sentry(), sentry_event(exception={"values": CHAIN}, tags=[["service", "shop"]]))
    assert (row.error_type, row.message, row.service) == ("OrderError", "no price", "shop")
    first, second = row.stack_trace.split("\n\n")
    assert first.endswith('  File "a.py", line 1, in f\n    x\n  File "b.py", line 2, in g\nKeyError: \'price\'')
    assert second.endswith("OrderError: no price")


def test_a_trace_of_another_language_has_the_newest_frame_first() -> None:
    """And its causes last."""
    (row,) = rows(Sentry(), sentry_event(platform="javascript", exception={"values": CHAIN}))
    assert row.stack_trace.split("\n") == [
        "OrderError: no price", "Caused by: KeyError: 'price'", "    at g (b.py:2:0)", "    at f (a.py:1:0)",
    ]  # fmt: skip


def test_an_envelope_gives_its_events_and_passes_over_the_rest() -> None:
    """Header, item header, payload; sessions and reports are none."""
    header = {"event_id": "e", "sent_at": "2026-11-20T10:00:00Z"}
    lines = [header, {"type": "event", "length": 9}, sentry_event(exception={"values": CHAIN}),
             {"type": "session"}, {"sid": "s", "status": "ok"}]  # fmt: skip
    assert len(rows(Sentry(), *lines)) == 1


def test_what_faro_does_with_a_session_is_no_action_of_a_user() -> None:
    """It would be the most used feature, and a step of every journey."""
    names = ("session_start", "session_resume", "session_extend", "service_name_override", "coupon_used")
    events = [{"name": name, "timestamp": "2026-11-20T10:00:00Z"} for name in names]
    found = rows(Faro(), {"meta": {"session": {"id": "s"}, "app": {"name": "web"}}, "events": events})
    assert [(row.event, row.name) for row in found] == [("action", "coupon_used")]


@pytest.mark.parametrize(
    ("release", "version"),
    [("shop@1.4.0", "1.4.0"), ("@acme/shop@1.4.0+7", "1.4.0+7"), ("3f2c1aa", "3f2c1aa"), ("", None)],
)
def test_the_release_of_a_sentry_event_is_the_version_that_all_others_name(release: str, version: str | None) -> None:
    """Without its package; else one release would be two, and the errors of both compared."""
    (row,) = rows(Sentry(), {"event_id": "e", "timestamp": 1795312521, "platform": "python", "release": release})
    assert row.release == version


def test_a_library_that_raised_is_not_where_the_bug_of_a_sentry_event_is() -> None:
    """Its frames have paths that begin at the package; the whole path or `in_app` says whose they are."""
    frames = [
        {"filename": "shop.py", "function": "product", "lineno": 40, "in_app": True},
        {"filename": "httpx/_transports/default.py", "function": "map_exceptions", "lineno": 118, "in_app": False},
        {"filename": "contextlib.py", "function": "__exit__", "lineno": 158, "in_app": True,
         "abs_path": "/usr/lib/python3.11/contextlib.py"},
    ]  # fmt: skip
    raised = {"type": "ConnectTimeout", "module": "httpx", "value": "", "stacktrace": {"frames": frames}}
    event = {"event_id": "e", "timestamp": 1795312521, "platform": "python", "exception": {"values": [raised]}}
    (row,) = rows(Sentry(), event)
    assert culprit(parse(row.stack_trace)) == "shop.py in product"


def test_a_transaction_of_sentry_is_a_trace() -> None:
    """The root is the request."""
    trace = "5b8efff798038103d269b633813fc60c"
    span = {"trace_id": trace, "span_id": "b1", "parent_span_id": "a1", "op": "db.query", "description": "SELECT 1",
            "start_timestamp": 1_795_308_900.0, "timestamp": 1_795_308_900.5}  # fmt: skip
    event = sentry_event(type="transaction", transaction="GET /", start_timestamp=1_795_308_900, spans=[span],
                         timestamp=1_795_308_901, contexts={"trace": {"trace_id": trace, "span_id": "a1"}})  # fmt: skip
    root, query = rows(Sentry(), event)
    assert (root.name, root.kind, root.duration_ms, root.parent_id) == ("GET /", "server", 1000, None)
    assert (query.parent_id, query.statement, query.duration_ms, query.kind) == ("a1", "SELECT 1", 500, "client")


def test_the_counts_of_a_sentry_issue_are_text() -> None:
    """Its hours are points, its latest occurrence is a record."""
    issue = {"shortId": "S-1", "culprit": "c", "lastSeen": "2026-11-20T10:00:00Z", "level": "error", "count": "3421",
             "userCount": 2891, "metadata": {"type": "KeyError", "value": "x"},
             "stats": {"24h": [[1_795_226_400, 473]]}}  # fmt: skip
    log, *points = rows(Sentry(), [issue])
    assert (log.error_type, log.logger) == ("KeyError", "c")
    assert [(row.name, row.value) for row in points] == [
        ("sentry.issue.events", 3421), ("sentry.issue.users", 2891), ("sentry.issue.hourly", 473),
    ]  # fmt: skip


def test_a_time_of_minus_one_in_a_har_does_not_apply() -> None:
    """It is not 0; sizes alike. No secret is stored: whose authorization it was is told by a pseudonym."""
    entry = {"startedDateTime": "2026-11-20T11:00:00+01:00", "time": 230.5, "_resourceType": "xhr",
             "request": {"method": "POST", "url": "https://u:p@s.example:8443/o?x=1", "bodySize": -1,
                         "headers": [{"name": "Authorization", "value": "Bearer abc-4711-abc"}],
                         "postData": {"mimeType": "text/plain", "params": [{"name": "a", "value": "1"}]}},
             "response": {"status": 0, "_error": "net::ERR_FAILED", "content": {"size": -1}},
             "timings": {"blocked": -1, "wait": 200}}  # fmt: skip
    (row,) = rows(Har(), entry)
    assert (row.blocked_ms, row.wait_ms, row.dns_ms, row.status, row.response_bytes) == (None, 200, None, None, None)
    assert (row.host, row.path, row.request_body, row.error) == (
        "https://s.example:8443",
        "/o?x=1",
        "a=1",
        "net::ERR_FAILED",
    )
    stored = redact_row(row, Redactor(b"key"))
    assert "abc" not in str(stored) and '"authorization":"Bearer <' in str(stored)
    assert row.at.hour == 10


def an_exchange(content: dict[str, Any], sent: dict[str, str], given: dict[str, str]) -> dict[str, Any]:
    told = [[{"name": name, "value": value} for name, value in headers.items()] for headers in (sent, given)]
    return {"startedDateTime": "2026-11-20T10:00:00Z", "request": {"method": "GET", "url": "/", "headers": told[0]},
            "response": {"status": 200, "content": content, "headers": told[1]}}  # fmt: skip


def test_what_a_har_says_of_an_answer_is_kept_when_it_is_whole_text() -> None:
    """Bytes, and what is longer than is kept, would be read as something that it is not."""
    contents = [
        {"mimeType": "application/json; charset=utf-8", "text": '{"a": 1}'},
        {"mimeType": "application/problem+json", "text": "x" * 16_385},
        {"mimeType": "image/png", "text": "x"},
        {"mimeType": "text/html", "text": "PGgxPg==", "encoding": "base64"},
    ]
    found = rows(Har(), {"log": {"entries": [an_exchange(content, {}, {}) for content in contents]}})
    assert [row.response_body for row in found] == ['{"a": 1}', None, None, None]


def test_exchanges_of_one_session_can_be_told_without_keeping_what_opens_it() -> None:
    """The cookie that an answer sets is the one that the next request sends; other headers come from short lists."""
    given = {"Set-Cookie": "theme=dark\nshop_session=s3cr3t; HttpOnly; Path=/", "Location": "/o", "X-Trace": "t"}
    sent = {"Cookie": "theme=dark; shop_session=s3cr3t", "Accept": "text/html", "X-Api-Key": "k"}
    login, order = rows(Har(), {"log": {"entries": [an_exchange({}, {}, given), an_exchange({}, sent, {})]}})
    assert login.session_given == order.session is not None
    assert (login.session, order.session_given) == (None, None)
    assert (login.response_headers, order.request_headers) == ('{"location":"/o"}', '{"accept":"text/html"}')
    assert "s3cr3t" not in str((login, order))


def test_selectors_of_a_recording_lead_through_shadow_roots() -> None:
    """Alternatives of ways; what was typed into a password is hidden; other settings are kept."""
    ways = [["aria/Buy"], ["#host", "#buy"], "xpath///b"]
    steps = [{"type": "navigate", "url": "https://s/", "assertedEvents": [{"type": "navigation", "url": "https://s/a"}]},
             {"type": "click", "selectors": ways, "frame": [0, 1], "offsetX": 3},
             {"type": "change", "value": "hunter2", "selectors": [["#password"]]},
             {"type": "change", "value": "hat", "selectors": [["#search"]]}]  # fmt: skip
    (flow,) = rows(ChromeRecorder(), {"title": "buy", "steps": steps})
    navigate, click, secret, search = flow.steps
    assert navigate.expects_url == "https://s/a"
    assert click.selectors == (("aria/Buy",), ("#host", "#buy"), ("xpath///b",))
    assert (click.frame, click.details) == ((0, 1), '{"offsetX":3}')
    assert (secret.value, search.value) == (HIDDEN, "hat")
    assert rows(ChromeRecorder(), {"steps": steps, "title": "buy"})[0].id == flow.id


def test_rows_of_real_users_with_values_that_are_none_are_kept_and_the_values_counted() -> None:
    """Times below zero, words for numbers, NaN and 1e999, which JSON does not have and programs write."""
    lines = [
        '{"at": "2026-03-01T10:00:00Z", "event": "view", "session": "s", "lcp_ms": -5, "duration_ms": 1e300}',
        '{"at": "2026-03-01T10:00:00Z", "event": "view", "session": "s", "page": "/", "lcp_ms": "NaN", "cls": "-1"}',
        '{"at": "2026-03-01T10:00:00Z", "event": "view", "session": "s", "page": "/", "lcp_ms": NaN, "cls": 1e999}',
        '{"at": "2026-03-01T10:00:00Z", "event": "view", "session": "s", "page": "/", "inp_ms": -Infinity}',
        '{"at": "yesterday", "event": "view", "session": "s"}',
        '{"at": "2026-03-01T10:00:00Z", "event": "vie',
    ]
    parsed = RumRows().parse(io.BytesIO("\n".join(lines).encode()))
    found = [row for row in parsed.rows or () if isinstance(row, RumRow)]
    assert len(found) == 4
    assert {row.lcp_ms for row in found} | {row.cls for row in found} | {row.duration_ms for row in found} == {None}
    assert getattr(parsed.rows, "notes", ()) == (
        "2 of 6 records could not be used, the first: at is no time (1); others: it is no JSON (1)",
        "NaN and infinite numbers, taken for no value, in 2 records",
        "values of the wrong type or below 0, left out: lcp_ms (2), duration_ms (1), cls (1)",
    )

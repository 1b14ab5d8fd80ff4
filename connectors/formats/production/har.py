"""HTTP archives (HAR): exchanges that a browser or proxy recorded. A time of -1 does not apply; it is none, not 0.

Cookies are taken along as pseudonyms, to tell visits apart, and of the other headers only those of two short lists;
bodies, queries and headers are redacted before they are stored: of an authorization its scheme is left, and a pseudonym
that is the same where an answer gave the token.
"""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, ClassVar

from ....core import jsontext
from ....core.importing import About, Head, Sample
from ....core.records.bulk.recordings import ExchangeRow
from ....core.records.bulk.rows import EXCHANGES
from ..json_stream import Way
from ..pages import PagesFormat, Reading, Unusable
from ..shapes import dict_at
from ..values import clock, listed, ms, origin_of, path_of, status, text, whole

MAX_BODY = 16_384
"""Characters of a body that are kept."""
REQUEST_HEADERS = frozenset(
    {"accept", "accept-language", "authorization", "content-type", "if-match", "if-none-match", "range"}
)
RESPONSE_HEADERS = frozenset(
    {
        "access-control-allow-origin", "allow", "cache-control", "content-security-policy", "content-type", "location",
        "permissions-policy", "referrer-policy", "retry-after", "strict-transport-security", "www-authenticate",
        "x-content-type-options", "x-frame-options",
    }
)  # fmt: skip
_TEXT_TYPE = re.compile(r"text/|application/(?:[\w.-]+\+)?(?:json|xml)\b|application/x-www-form-urlencoded")
# How frameworks name the cookie that is the session.
_SESSION_COOKIE = re.compile(r"(?i)sess|sid\b|auth|token|jwt|login")


class Har(PagesFormat):
    """HAR -> rows of HTTP exchanges."""

    name = "har"
    produces: tuple[str, ...] = (EXCHANGES,)
    about = About(
        title="HTTP archive (HAR)",
        producers="Chrome, Firefox, Safari, Playwright, mitmproxy, Charles, Fiddler",
        versions="1.1 and 1.2; a whole archive or one entry",
        recognised_by="`log.entries`, or an object with `startedDateTime`, `request` and `response`",
        fields="startedDateTime, time, timings; request method, url, postData; response status, content; some headers",
        sample=Sample.REAL,
        how_to_export="the browser's network panel: save all as HAR; Playwright: recordHar",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("log", "entries"),)
    one = "exchange"

    def recognises(self, head: Head) -> bool:
        """By its frame, or by one entry."""
        page = dict_at(head.json)
        about = dict_at(page, "log")
        return "entries" in about or ({"creator", "version"} <= about.keys()) or _is_entry(page)

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[ExchangeRow]:
        """One exchange."""
        entry = dict_at(item)
        at = clock(entry.get("startedDateTime"))
        if at is None or not _is_entry(entry):
            raise Unusable("an entry needs `startedDateTime`, `request` and `response`")
        yield _row(entry, at)

    def document(self, document: Any, reading: Reading) -> Iterable[ExchangeRow]:
        """An archive is done; an entry may stand alone."""
        page = dict_at(document)
        if _is_entry(page):
            yield from self.item((), page, reading)
            reading.used += 1
        elif "entries" not in dict_at(page, "log"):
            raise Unusable("no `log.entries`")


def _is_entry(entry: dict[str, Any]) -> bool:
    return {"startedDateTime", "request", "response"} <= entry.keys()


def _row(entry: dict[str, Any], at: Any) -> ExchangeRow:
    request, response, times = (dict_at(entry, name) for name in ("request", "response", "timings"))
    body, content = dict_at(request, "postData"), dict_at(response, "content")
    headers, answered = _headers(request), _headers(response)
    return ExchangeRow(
        at=at,
        method=text(request.get("method")) or "",
        host=origin_of(request.get("url")),
        path=path_of(request.get("url")) or "",
        status=status(response.get("status")),
        duration_ms=ms(entry.get("time")),
        blocked_ms=ms(times.get("blocked")),
        dns_ms=ms(times.get("dns")),
        connect_ms=ms(times.get("connect")),
        send_ms=ms(times.get("send")),
        wait_ms=ms(times.get("wait")),
        receive_ms=ms(times.get("receive")),
        request_type=text(body.get("mimeType")),
        request_body=_body(body),
        request_bytes=_size(request.get("bodySize")),
        response_type=text(content.get("mimeType")),
        response_bytes=_size(content.get("size")),
        resource_type=text(entry.get("_resourceType")),
        page=text(entry.get("pageref")),
        user_agent=text(headers.get("user-agent")),
        referer=text(headers.get("referer")),
        error=text(response.get("_error"))
        or text(dict_at(entry, "_error").get("message"))
        or text(entry.get("_error")),
        response_body=_content(content),
        request_headers=_chosen(headers, REQUEST_HEADERS),
        response_headers=_chosen(answered, RESPONSE_HEADERS),
        session=_session(headers.get("cookie", "").split(";"), headers.get("authorization")),
        session_given=_session(line.partition(";")[0] for line in answered.get("set-cookie", "").split("\n")),
    )


def _headers(message: dict[str, Any]) -> dict[str, str]:
    """By name in lower case; of several with one name all, one a line."""
    found: dict[str, str] = {}
    for header in map(dict_at, listed(message.get("headers"))):
        name, value = (text(header.get("name")) or "").lower(), text(header.get("value")) or ""
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def _chosen(headers: dict[str, str], names: frozenset[str]) -> str | None:
    kept = {name: headers[name] for name in sorted(names & headers.keys())}
    return jsontext.dumps(kept) if kept else None


def _session(cookies: Iterable[str], authorization: str | None = None) -> str | None:
    """Digest of the cookie that is named like a session, else of the authorization: the value opens doors."""
    pairs = (cookie.strip().partition("=") for cookie in cookies)
    found = next((value for name, _, value in pairs if value and _SESSION_COOKIE.search(name)), authorization)
    return sha256(found.encode("utf-8", "surrogatepass")).hexdigest()[:16] if found else None


def _content(told: dict[str, Any]) -> str | None:
    """An answer's text. Bytes are left out, and so is what is too long to be kept whole."""
    if told.get("encoding") or not _TEXT_TYPE.match(text(told.get("mimeType")) or ""):
        return None
    found = text(told.get("text"), MAX_BODY + 1)
    return found if found and len(found) <= MAX_BODY else None


def _body(told: dict[str, Any]) -> str | None:
    """The text, or the parameters of a form."""
    if found := text(told.get("text"), MAX_BODY):
        return found
    pairs = [
        f"{text(dict_at(one).get('name'))}={text(dict_at(one).get('value')) or ''}"
        for one in listed(told.get("params"))
    ]
    return text("&".join(pairs), MAX_BODY)


def _size(value: Any) -> int | None:
    found = whole(value)
    return found if found is not None and found >= 0 else None

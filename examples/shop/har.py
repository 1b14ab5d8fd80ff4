"""Writes HTTP archives (HAR 1.2) of what the drivers asked and were answered."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit


def _pairs(pairs: Mapping[str, str] | Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return [{"name": name, "value": value} for name, value in items]


def entry(
    began: datetime,
    duration_ms: float,
    *,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: str | None,
    status: int,
    reason: str,
    answered_headers: Sequence[tuple[str, str]],
    answer: str,
) -> dict[str, Any]:
    """One exchange; `status` 0 when no answer came. Only the time until the whole answer was measured."""
    types = {name.lower(): value for name, value in answered_headers}
    request: dict[str, Any] = {
        "method": method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "queryString": _pairs(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": 0 if body is None else len(body.encode()),
    }
    if body is not None:
        request["postData"] = {"mimeType": headers.get("Content-Type", ""), "text": body}
    size = len(answer.encode())
    return {
        "startedDateTime": began.isoformat(timespec="milliseconds"),
        "time": duration_ms,
        "request": request,
        "response": {
            "status": status,
            "statusText": reason,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(answered_headers),
            "content": {"size": size, "mimeType": types.get("content-type", ""), "text": answer},
            "redirectURL": types.get("location", ""),
            "headersSize": -1,
            "bodySize": size,
        },
        "cache": {},
        "timings": {"send": 0, "wait": duration_ms, "receive": 0},
    }


def write(path: Path, creator: str, entries: Sequence[dict[str, Any]], pages: Sequence[dict[str, Any]] = ()) -> None:
    """The archive, its entries in order of time.

    Raises:
        OSError: the file can not be written.
    """
    log: dict[str, Any] = {"version": "1.2", "creator": {"name": creator, "version": "1"}}
    if pages:
        log["pages"] = list(pages)
    log["entries"] = sorted(entries, key=lambda one: str(one["startedDateTime"]))
    path.write_text(json.dumps({"log": log}, ensure_ascii=False, indent=1), encoding="utf-8")

"""Error patterns as test scenarios: the requests that failed in production, and what a repaired service must answer."""

import re
from collections.abc import Iterator
from datetime import datetime

from ....core.records.production.findings import ErrorPattern, FindingPriority, MiningResult, RequestShape
from ....core.records.production.scenarios import Expectation, Provenance, RequestStep, TestScenario
from ..endpoints import endpoint

# Repeating these changes nothing (RFC 9110 section 9.2.1). HEAD has no body, OPTIONS is answered by frameworks.
_SAFE = frozenset({"GET"})
_SERVER_ERROR = 500
# What redaction puts in the place of a secret or personal value, as it is or percent-encoded.
_REDACTED = re.compile(r"(?:<|%3C)[a-z_-]+(?::|%3A)[0-9a-f]{8}(?:>|%3E)", re.IGNORECASE)

# How the languages name what was not there.
_MISSING = re.compile(
    r"KeyError: ['\"](?P<key>\w+)['\"]$"
    r"|AttributeError: 'NoneType' object has no attribute '(?P<attribute>\w+)'"
    r"|TypeError: Cannot read propert(?:y '(?P<old>\w+)' of|ies of (?:undefined|null) \(reading '(?P<new>\w+)'\))"
)
# Capitals and a leading underscore are for settings and private things.
_DATA_NAME = re.compile(r"[a-z][A-Za-z0-9_]*")
# `None.strip()` misses a text, not something called strip.
_METHODS = frozenset(
    name for of in (str, dict, list, set, float, datetime, re.Match) for name in dir(of) if not name.startswith("_")
) | {"length", "map", "forEach", "filter", "reduce", "find", "slice", "push", "then", "toFixed", "toString", "trim"}


def scenarios_from(mined: MiningResult, *, include_unsafe: bool = False) -> tuple[TestScenario, ...]:
    """A scenario for each pattern whose failing requests can be repeated, in the patterns' order.

    None for LOW patterns: there the service refused, as far as is known, and is to refuse again.

    Args:
        mined: the patterns.
        include_unsafe: also repeat requests that may change something (POST, DELETE ...); bodies are not recorded.
    """
    return tuple(filter(None, (_scenario(pattern, mined, include_unsafe) for pattern in mined.patterns)))


def missing_name(pattern: ErrorPattern) -> str | None:
    """The key or attribute that the error says was missing; None when it says no such thing.

    `KeyError: 'price'` and `Cannot read properties of undefined (reading 'price')` both name `price`.
    """
    match = _MISSING.search(pattern.title)
    if match is None:
        return None
    name = next(filter(None, match.groups()))
    is_method = match["key"] is None and name in _METHODS
    return name if _DATA_NAME.fullmatch(name) and not is_method else None


def _scenario(pattern: ErrorPattern, mined: MiningResult, include_unsafe: bool) -> TestScenario | None:
    requests = [r for r in pattern.requests if _failed(r) and repeatable(r.method, r.path, include_unsafe)]
    if not requests or pattern.priority is FindingPriority.LOW:
        return None
    where = {f"{request.method} {endpoint(request.path)}" for request in requests}
    place = next(iter(where)) if len(where) == 1 else f"{len(where)} endpoints"
    return TestScenario(
        id=f"scenario-{pattern.id}",
        title=f"{place}: no {pattern.title}",
        priority=pattern.priority,
        steps=tuple(
            RequestStep(
                method=request.method,
                path=request.path,
                expectations=tuple(_expected(pattern, request, len(where) == 1)),
            )
            for request in requests
        ),
        provenance=Provenance(
            finding_id=pattern.id,
            finding=pattern.title,
            occurrences=pattern.occurrences,
            sample_size=mined.total_records,
            window_from=mined.window_from,
            window_to=mined.window_to,
        ),
    )


def _failed(request: RequestShape) -> bool:
    """Answered with 5xx, or with a status nobody logged. What was refused with 4xx is to be refused again."""
    return request.status is None or request.status >= _SERVER_ERROR


def repeatable(method: str, path: str, include_unsafe: bool = False) -> bool:
    """Whether it may be sent again, and names something: a redacted path names nothing that exists."""
    return (include_unsafe or method in _SAFE) and not _REDACTED.search(path)


def _expected(pattern: ErrorPattern, request: RequestShape, one_resource: bool) -> Iterator[Expectation]:
    times = "once" if request.occurrences == 1 else f"{request.occurrences:,} times"
    happened = f"answered {request.status}" if request.status else f"logged {pattern.title}"
    yield Expectation(kind="status-below", value=_SERVER_ERROR, because=f"production {happened} {times}")
    name = missing_name(pattern)
    # One resource, read by its id: there, what the code missed belongs to the answer. A list or a search may hold it
    # or not, and where several kinds of resource fail the name belongs to something behind them.
    if name and one_resource and request.method in _SAFE and endpoint(request.path).endswith("/{id}"):
        yield Expectation(
            kind="json-has-key",
            value=name,
            because=f"inferred: production failed here because {name!r} was missing, so the answer is to hold it",
        )

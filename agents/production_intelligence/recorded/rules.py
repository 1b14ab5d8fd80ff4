"""What held in every recorded answer of one kind (method, endpoint, status): the rules that tests are made of.

A part of an answer is *determined* when equal requests after equal histories always gave the same: then a test may ask
for it. Ids, times and stock are not, and nobody has to say which those are. Of what is not determined, the form holds.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

from ....analysis.texts.json_relations import Relation, relations
from ....analysis.texts.json_shape import Path, Shape, dotted, joined, leaves, shape_of
from .exchanges import MISSING
from .flows import Flow, FlowStep

MIN_REPEATS = 3
"""Instances of repeated requests before a part counts as determined."""
MIN_FORMS = 5
"""Values before a form or a bound is asked for."""
HEADERS = (
    "content-type", "location", "cache-control", "x-content-type-options", "x-frame-options", "content-security-policy",
    "referrer-policy", "strict-transport-security", "www-authenticate", "allow",
)  # fmt: skip
LEAST_TIMED = 30
LATENCY_FACTOR = 10
"""The best of several reads must be below this many times the recorded median: a busy machine is no bug."""
LEAST_LATENCY_MS = 100.0
_Z = 3.09
"""Normal quantile of 99.9 %, for the upper limit of the median."""
_FORMS = (
    r"[0-9a-f]{32}",
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)",
    r"\d{4}-\d\d-\d\d",
    r"-?\d+\.\d{2}",
    r"\d+",
)


class Seen(NamedTuple):
    """A step where it stands."""

    flow: Flow
    place: int

    @property
    def step(self) -> FlowStep:
        """The step itself."""
        return self.flow.steps[self.place]

    @property
    def situation(self) -> tuple[Any, ...]:
        """What may decide the answer: what was changed before, and the request."""
        return self.flow.history(self.place), self.step.key


@dataclass(frozen=True)
class Rules:
    """Of one kind of answer.

    Args:
        count: answers seen.
        shape: of the JSON; None without.
        by_request: general paths (`lines.*.price`) that the request alone decides.
        by_history: those that the request decides together with what was changed before in the flow.
        headers: name -> value (with placeholders) that all had.
        relations: inside the document.
        forms: general path -> pattern of texts that are not determined.
        floors: general path -> smallest number seen, 0 or 1, of numbers that are not determined.
        median_ms: upper 99.9 % limit of the median latency; None = too few were timed.
    """

    count: int
    shape: Shape | None
    by_request: frozenset[str]
    by_history: frozenset[str]
    headers: dict[str, str]
    relations: tuple[Relation, ...]
    forms: dict[str, str]
    floors: dict[str, int]
    median_ms: float | None


def rules_of(seen: Sequence[Seen]) -> Rules:
    """The rules that hold in all of them; they are of one kind."""
    documents = [one.step.exchange.answer for one in seen if one.step.exchange.answer is not MISSING]
    told = [(one, general_leaves(one)) for one in seen if one.step.exchange.answer is not MISSING]
    by_request = determined((one.step.key, parts) for one, parts in told)
    by_history = determined((one.situation, parts) for one, parts in told)
    free = _values(documents, by_request | by_history)
    found = relations(documents)
    counts = {relation.path for relation in found if relation.kind == "json-count"}
    return Rules(
        count=len(seen),
        shape=reduce(joined, map(shape_of, documents)) if len(documents) == len(seen) else None,
        by_request=by_request,
        by_history=by_history,
        headers=_headers(seen),
        relations=found,
        forms={path: form for path, values in free.items() if (form := _form(values))},
        # A list that always had something may be empty elsewhere.
        floors={p: floor for p, values in free.items() if p not in counts and (floor := _floor(values)) is not None},
        median_ms=median_limit([e.duration_ms for one in seen if (e := one.step.exchange).duration_ms is not None]),
    )


def general_leaves(seen: Seen) -> dict[str, dict[Path, Any]]:
    """Leaves of the answer without values of the flow's own: general path -> path -> value."""
    found: dict[str, dict[Path, Any]] = defaultdict(dict)
    for path, value in leaves(seen.step.templated(seen.step.exchange.answer)):
        found[dotted(path, any_item=True)][path] = value
    return found


def determined(told: Iterable[tuple[Any, dict[str, dict[Path, Any]]]]) -> frozenset[str]:
    """General paths that were the same in all answers to the same, and were answered often enough to say so."""
    groups: dict[Any, list[dict[str, dict[Path, Any]]]] = defaultdict(list)
    for situation, parts in told:
        groups[situation].append(parts)
    repeats: dict[str, int] = defaultdict(int)
    broken: set[str] = set()
    for group in groups.values():
        for path in {path for parts in group for path in parts} if len(group) > 1 else ():
            first = group[0].get(path)
            repeats[path] += len(group)
            # repr: 1, 1.0 and True are equal, and not the same.
            if any(repr(parts.get(path)) != repr(first) for parts in group):
                broken.add(path)
    return frozenset(path for path, number in repeats.items() if number >= MIN_REPEATS and path not in broken)


def statuses(all_seen: Iterable[Seen]) -> dict[Any, set[int]]:
    """Situation -> statuses that were answered in it."""
    found: dict[Any, set[int]] = defaultdict(set)
    for one in all_seen:
        found[one.situation].add(one.step.exchange.status)
    return found


def median_limit(values: Sequence[float]) -> float | None:
    """Upper 99.9 % confidence limit of the median, from order statistics (no assumption about the distribution).

    >>> median_limit(range(100)), median_limit([1.0] * 29)
    (66, None)
    """
    if len(values) < LEAST_TIMED:
        return None
    rank = math.ceil(len(values) / 2 + _Z * math.sqrt(len(values)) / 2)
    return sorted(values)[min(rank, len(values) - 1)]


def _values(documents: Iterable[Any], but: frozenset[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for document in documents:
        for path, value in leaves(document):
            general = dotted(path, any_item=True)
            if general not in but and path and path[-1] != "#":
                found[general].append(value)
    return found


def _form(values: list[Any]) -> str | None:
    if len(values) < MIN_FORMS or not all(isinstance(value, str) for value in values):
        return None
    return next((form for form in _FORMS if all(re.fullmatch(form, value) for value in values)), None)


def _floor(values: list[Any]) -> int | None:
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < MIN_FORMS or len(numbers) != len(values):
        return None
    return next((floor for floor in (1, 0) if min(numbers) >= floor), None)


def _headers(seen: Sequence[Seen]) -> dict[str, str]:
    """Those that every answer had with the same text; `Location` with its id as a placeholder."""
    found = {}
    for name in HEADERS:
        values = set(_header_values(seen, name))
        if len(values) == 1 and (value := values.pop()) and "<" not in value:
            found[name] = value
    return found


def _header_values(seen: Sequence[Seen], name: str) -> Iterator[str]:
    for one in seen:
        value = one.step.exchange.response_headers.get(name, "")
        if name == "location":
            made = {value: f"{{{{{capture.name}}}}}" for capture, value in captured(one.step)}
            known = {value: f"{{{{{text}}}}}" for value, text in one.step.known.items()} | made
            value = "/".join(str(known.get(part, part)) for part in value.split("/"))
        yield value


def captured(step: FlowStep) -> Iterator[tuple[Any, Any]]:
    """Captures of the step with their recorded values."""
    for capture in step.captures:
        value = step.exchange.answer
        for part in capture.path.split("."):
            value = value[int(part)] if isinstance(value, list) else value[part]
        yield capture, value

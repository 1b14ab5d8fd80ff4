"""What a step of a recorded flow expects: its status, its headers, and all that the rules say of its answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ....analysis.texts.json_shape import Path, dotted, leaves
from ....core.records.production.scenarios import Expectation
from .exchanges import MISSING
from .rules import LATENCY_FACTOR, LEAST_LATENCY_MS, Rules, Seen

LONG_LIST = 6
"""Longer lists are expected column by column: a screen of objects is not read."""
LONG_TEXT = 60
"""Characters of a text in such a column."""
_LEFT_OUT: Any = object()
_SERVER_ERROR = 500


def expectations(
    seen: Seen, rules: Rules, statuses: set[int], same_as: str | None, known: set[str]
) -> tuple[Expectation, ...]:
    """In the order in which a reader asks: was it answered, in which form, with what.

    Args:
        seen: the step as recorded.
        rules: of its kind.
        statuses: recorded in the same situation.
        same_as: placeholder of an earlier answer that this one always repeated.
        known: placeholders that the test has by then.
    """
    found = [_status(seen, statuses, rules), *_headers(rules)]
    if len(statuses) == 1 and rules.shape is not None:
        always = f"so in all {rules.count:,} recorded answers"
        if same_as:
            because = f"reads back what was written, {always}"
            found.append(Expectation(kind="json-equals", path="", value=f"{{{{{same_as}}}}}", because=because))
        else:
            found += _content(seen, rules, known)
            shape = _any_item(rules.shape)
            found.append(Expectation(kind="json-shape", path="", value=shape, because=f"keys and types: {always}"))
            found += _relations(rules)
            found += _forms(rules)
    exchange = seen.step.exchange
    if exchange.safe and exchange.status < 300 and rules.median_ms is not None:
        limit = max(LEAST_LATENCY_MS, round(LATENCY_FACTOR * rules.median_ms))
        because = f"{LATENCY_FACTOR} times the recorded median, {rules.median_ms:.3g} ms at most (99.9 %)"
        found.append(Expectation(kind="latency-below-ms", value=limit, because=because))
    return tuple(found)


def _status(seen: Seen, statuses: set[int], rules: Rules) -> Expectation:
    status = seen.step.exchange.status
    if len(statuses) > 1:
        told = ", ".join(map(str, sorted(statuses)))
        return Expectation(kind="status-below", value=_SERVER_ERROR, because=f"the same was answered with {told}")
    times = "once" if rules.count == 1 else f"{rules.count:,} times"
    return Expectation(kind="status-is", value=status, because=f"this endpoint answered {status} {times}")


def _headers(rules: Rules) -> Iterator[Expectation]:
    for name, value in rules.headers.items():
        because = f"the same in all {rules.count:,} recorded answers"
        yield Expectation(kind="header-is", path=name, value=value, because=because)


def _content(seen: Seen, rules: Rules, known: set[str]) -> Iterator[Expectation]:
    """What is determined, as one document; long lists column by column."""
    fixed = rules.by_request | rules.by_history
    answer = seen.step.templated(seen.step.exchange.answer)
    columns: dict[str, list[Any]] = {}
    own = {name: f"{{{{{name}}}}}" for name in seen.step.known.values()}
    here = frozenset(text for name, text in own.items() if name in known)
    kept = _Kept(fixed, here, frozenset(own.values()) - here, columns).part(answer, ())
    because = "the same whenever this was asked after the same"
    if kept is not _LEFT_OUT and kept not in ({}, []):
        yield Expectation(kind="json-contains", path="", value=kept, because=because)
    for path, values in columns.items():
        alike = all(value == values[0] for value in values)
        kind: Any = "json-one-of" if alike else "json-equals"
        yield Expectation(kind=kind, path=path, value=values[:1] if alike else values, because=because)


@dataclass(frozen=True)
class _Kept:
    """Which parts of an answer are expected.

    Args:
        fixed: general paths that are determined.
        known: values of the flow's own, as placeholders, that the test has.
        unknown: those that it has not.
        columns: gets long lists, one list a field.
    """

    fixed: frozenset[str]
    known: frozenset[str]
    unknown: frozenset[str]
    columns: dict[str, list[Any]]

    def part(self, value: Any, path: Path) -> Any:
        """What is kept of a value at a path; _LEFT_OUT = nothing."""
        if isinstance(value, dict):
            parts = {key: self.part(item, (*path, key)) for key, item in value.items()}
            return {key: part for key, part in parts.items() if part is not _LEFT_OUT}
        if isinstance(value, list):
            return self._list(value, path)
        if isinstance(value, str) and value in self.unknown:
            return _LEFT_OUT
        is_known = isinstance(value, str) and value in self.known
        return value if is_known or dotted(path, any_item=True) in self.fixed else _LEFT_OUT

    def _list(self, value: list[Any], path: Path) -> Any:
        if dotted((*path, "#"), any_item=True) not in self.fixed:
            return _LEFT_OUT
        if len(value) > LONG_LIST:
            found = _columns(value, path, self.fixed)
            self.columns.update((where, values) for where, values in found if self.unknown.isdisjoint(map(str, values)))
            return _LEFT_OUT
        parts = [self.part(item, (*path, place)) for place, item in enumerate(value)]
        return _LEFT_OUT if _LEFT_OUT in parts else parts


def _columns(items: list[Any], path: Path, fixed: frozenset[str]) -> Iterator[tuple[str, list[Any]]]:
    """Determined parts of all items, one list a field; long texts are left out."""
    found: dict[str, list[Any]] = {}
    for place, item in enumerate(items):
        for below, value in leaves(item):
            general = dotted((*path, place, *below), any_item=True)
            if general in fixed and "#" not in below and not any(isinstance(part, int) for part in below):
                found.setdefault(general, []).append(value)
    for general, values in found.items():
        if len(values) == len(items) and not any(isinstance(v, str) and len(v) > LONG_TEXT for v in values):
            yield general, values


def _relations(rules: Rules) -> Iterator[Expectation]:
    for found in rules.relations:
        because = f"so in all {found.support:,} recorded, confidence {min(found.confidence, 0.999):.3f}"
        yield Expectation(kind=found.kind, path=found.path, value=found.value, because=because)  # type: ignore[arg-type]


def _forms(rules: Rules) -> Iterator[Expectation]:
    for path, form in rules.forms.items():
        yield Expectation(kind="json-matches", path=path, value=form, because=f"form in all {rules.count:,} answers")
    for path, floor in rules.floors.items():
        because = f"never less in {rules.count:,} answers"
        yield Expectation(kind="json-at-least", path=path, value=floor, because=because)


def _any_item(shape: Any) -> Any:
    """A list that was always empty may hold anything."""
    if isinstance(shape, list):
        return [_any_item(shape[0])] if shape else ["any"]
    return {key: _any_item(part) for key, part in shape.items()} if isinstance(shape, dict) else shape


def reads_back(flows_seen: Mapping[Any, list[Seen]]) -> dict[Any, Any]:
    """Kind of a read -> kind of the last change before it, whose whole answer it always repeated."""
    found = {}
    for kind, seen in flows_seen.items():
        pairs = [(change, one.step) for one in seen if one.step.exchange.safe and (change := last_change(one))]
        kinds = {change.exchange.kind for change, _ in pairs}
        answers = [(change.exchange.answer, read.exchange.answer) for change, read in pairs]
        alike = len(pairs) == len(seen) >= 3 and all(a == b and isinstance(a, dict) and a for a, b in answers)
        if alike and len(kinds) == 1:
            found[kind] = kinds.pop()
    return found


def last_change(seen: Seen) -> Any:
    """The step before that changed something last, and was answered with JSON; None = there is none."""
    before = [s for s in seen.flow.steps[: seen.place] if not s.exchange.safe and s.exchange.status < 300]
    return before[-1] if before and before[-1].exchange.answer is not MISSING else None

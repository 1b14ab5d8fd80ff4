"""Recorded traffic as tests: few flows that together show all that was recorded, each with what always held.

Reads and refusals that need nothing before them are tested on their own, all of one kind in one file; whatever needs
an earlier answer is a flow. A flow is chosen for what the chosen ones do not show yet: an endpoint, a status, an error
code, a parameter, an order of steps, an empty list or a long one.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from ...analysis.json_shape import dotted, leaves
from ...core.errors import TaskVetoed
from ...core.records.findings import FindingPriority
from ...core.records.recordings import ExchangeRow
from ...core.records.rows import EXCHANGES
from ...core.records.scenarios import (
    Capture,
    Conditions,
    Datum,
    Provenance,
    RecordedTests,
    RequestStep,
    TestScenario,
)
from ..outcome import Outcome
from .loaded import Loaded
from .recorded_exchanges import MISSING, Exchange, exchanges
from .recorded_expectations import expectations, last_change, reads_back
from .recorded_flows import Flow, FlowStep, flows
from .recorded_rules import Rules, Seen, rules_of, statuses
from .scenario_keys import offered

PREFIX = "scenario-rec-"
DEFAULT_MAX_SCENARIOS = 30
MAX_ALONE = 12
"""Different requests of one kind in one file."""
MAX_AT_ONCE = 8
"""Customers at once, when the recording had several."""
_QUERY_NAME = re.compile(r"[?&]([^=&]+)=")


def recording_to_tests(loaded: Loaded) -> Outcome:
    """The task type `recording-to-tests`.

    Payload: optional `host` (as recorded; the one asked most), `maxScenarios` (30), `days`.

    Raises:
        TaskVetoed: a wrong payload, or nothing was recorded in the window.
    """
    recorded = exchanges((ExchangeRow(*row) for row in loaded.rows(EXCHANGES)), loaded.payload.get("host"))
    if not recorded:
        raise TaskVetoed("no recorded exchanges in this window: `aqe import traffic.har` brings them in")
    most = int(loaded.number("maxScenarios", DEFAULT_MAX_SCENARIOS))
    answer = recorded_tests(recorded, most)
    return Outcome(answer, offered(answer.scenarios, PREFIX, loaded))


def recorded_tests(recorded: Sequence[Exchange], most: int = DEFAULT_MAX_SCENARIOS) -> RecordedTests:
    """Tests of what was recorded, at most so many.

    Args:
        recorded: exchanges with one service in order of time, at least one.
        most: scenarios kept, those that show most first.
    """
    found = flows(recorded)
    maker = _Maker(found, recorded)
    whole = [kept for flow in found if len((kept := maker.essential(flow)).steps) > 1]
    made = [*maker.flows(whole, max(1, most * 2 // 3)), *maker.alone()]
    return RecordedTests(
        exchanges=len(recorded),
        flows=len(found),
        scenarios=tuple(made[:most]),
        left_out=len(made[most:]),
        window_from=recorded[0].at,
        window_to=recorded[-1].at,
    )


class _Maker:
    """All that is known of the recording."""

    def __init__(self, found: Sequence[Flow], recorded: Sequence[Exchange]) -> None:
        self._recorded = recorded
        seen = [Seen(flow, place) for flow in found for place in range(len(flow.steps))]
        self._by_kind: dict[Any, list[Seen]] = defaultdict(list)
        for one in seen:
            self._by_kind[one.step.exchange.kind].append(one)
        # A flow that lost steps has another history: what was recorded is looked up by the step itself.
        self._seen = {id(one.step): one for one in seen}
        self._statuses = statuses(seen)
        self._by_request: dict[str, set[int]] = defaultdict(set)
        for one in seen:
            self._by_request[one.step.key].add(one.step.exchange.status)
        self._rules: dict[Any, Rules] = {kind: rules_of(many) for kind, many in self._by_kind.items()}
        self._reads_back = reads_back(self._by_kind)
        self._at_once = _most_at_once([flow for flow in found if len(flow.steps) > 1])

    def essential(self, flow: Flow) -> Flow:
        """Without the reads that need nothing and give nothing: they are tested on their own."""
        needed = {name for step in flow.steps for name in step.needs}
        kept = [
            step
            for place, step in enumerate(flow.steps)
            if not self._is_alone(Seen(flow, place)) or {capture.name for capture in step.captures} & needed
        ]
        changes = any(not step.exchange.safe or step.needs for step in kept)
        return replace(flow, steps=tuple(kept) if changes else ())

    def flows(self, found: Sequence[Flow], most: int) -> Iterator[TestScenario]:
        """Greedy set cover; of flows that add as much the more frequent, then the shorter one."""
        times = Counter(map(_signature, found))
        shows = [_shown(flow) for flow in found]
        missing = set().union(*shows)
        left = set(range(len(found)))
        for _ in range(most):
            best = max(
                left,
                key=lambda n: (len(shows[n] & missing), times[_signature(found[n])], -len(found[n].steps), -n),
                default=None,
            )
            if best is None or not shows[best] & missing:
                return
            missing -= shows[best]
            left.discard(best)
            yield self._of_flow(found[best], times[_signature(found[best])])

    def alone(self) -> Iterator[TestScenario]:
        """What needs nothing before it: one scenario a kind, the most frequent requests first."""
        for kind in sorted(self._by_kind, key=lambda kind: (kind[2] >= 400, kind[1], kind[0])):
            times: Counter[str] = Counter()
            first: dict[str, Seen] = {}
            for one in self._by_kind[kind]:
                if self._is_alone(one):
                    times[one.step.key] += 1
                    first.setdefault(one.step.key, one)
            if chosen := [first[key] for key, _ in times.most_common(MAX_ALONE)]:
                yield self._of_alone(kind, chosen, sum(times.values()))

    def _is_alone(self, one: Seen) -> bool:
        """It was answered alike whatever was before it, and nothing of the flow is in it."""
        step = one.step
        needs_nothing = not step.needs and (not step.exchange.session or self._same_without_session(step))
        first = step.exchange.safe or not one.flow.history(one.place)
        ends = step.exchange.safe or step.exchange.status >= 400 or len(one.flow.steps) == 1
        return needs_nothing and first and ends and len(self._by_request[step.key]) == 1

    def _same_without_session(self, step: FlowStep) -> bool:
        """A request without the session was seen, too, and was answered alike."""
        return self._by_request.get(step.key.removesuffix("session")) == {step.exchange.status}

    def _of_flow(self, flow: Flow, times: int) -> TestScenario:
        steps = list(flow.steps)
        changes = any(not step.exchange.safe and step.exchange.status < 300 for step in steps)
        at_once = min(self._at_once, MAX_AT_ONCE)
        return self._scenario(
            title=_title(steps),
            priority=FindingPriority.HIGH if changes else FindingPriority.MEDIUM,
            conditions=Conditions(concurrency=at_once) if changes and at_once > 1 else None,
            independent=False,
            data=_data(flow),
            steps=tuple(self._with_whole_captures(flow)),
            times=times,
        )

    def _of_alone(self, kind: Any, chosen: Sequence[Seen], times: int) -> TestScenario:
        method, endpoint, status = kind
        refused = f" is refused with {status}" if status >= 400 else ""
        return self._scenario(
            title=f"{method} {endpoint}{refused}",
            priority=FindingPriority.MEDIUM,
            conditions=None,
            independent=True,
            data=(),
            steps=tuple(self._step(one, None) for one in chosen),
            times=times,
        )

    def _scenario(self, *, steps: tuple[RequestStep, ...], times: int, **known: Any) -> TestScenario:
        asked = "\n".join(f"{step.method} {step.path} {step.body}" for step in steps)
        digest = hashlib.sha256(f"{known['title']}\n{asked}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return TestScenario(
            id=PREFIX + digest,
            steps=steps,
            provenance=Provenance(
                finding_id=f"recording-{digest}",
                finding="recorded traffic",
                occurrences=times,
                sample_size=len(self._recorded),
                window_from=self._recorded[0].at,
                window_to=self._recorded[-1].at,
            ),
            **known,
        )

    def _with_whole_captures(self, flow: Flow) -> list[RequestStep]:
        """The steps; an answer that is read back whole later is captured whole."""
        made = [self._step(self._seen[id(step)], None) for step in flow.steps]
        for place, step in enumerate(flow.steps):
            one = self._seen[id(step)]
            change = last_change(one)
            if step.exchange.safe and change and self._reads_back.get(step.exchange.kind) == change.exchange.kind:
                at = next(n for n, earlier in enumerate(flow.steps) if earlier is change)
                name = f"whole_answer_{at + 1}"
                if name not in {c.name for c in made[at].captures}:
                    captures = (*made[at].captures, Capture(name=name, path=""))
                    made[at] = made[at].model_copy(update={"captures": captures})
                made[place] = self._step(one, name)
        return made

    def _step(self, one: Seen, same_as: str | None) -> RequestStep:
        step, rules = one.step, self._rules[one.step.exchange.kind]
        expected = expectations(one, rules, self._statuses[one.situation], same_as)
        form = step.exchange.request_type.startswith("application/x-www-form-urlencoded")
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        if isinstance(step.body, str) and step.exchange.request_type:
            headers = {"Content-Type": step.exchange.request_type}
        accept = step.exchange.request_headers.get("accept", "")
        if accept and accept != "*/*":
            headers["Accept"] = accept
        return RequestStep(
            method=step.exchange.method,
            path=step.path,
            headers=headers,
            body=None if step.body is MISSING else step.body,
            captures=tuple(step.captures),
            expectations=expected,
            title=f"{step.exchange.method} {step.exchange.endpoint}: {step.exchange.status}",
        )


def _data(flow: Flow) -> tuple[Datum, ...]:
    """Made up where the flow itself brings it in, or where it was refused; else the service must know it."""
    found = []
    for name, kind in flow.data.items():
        uses = [step for step in flow.steps if name in step.needs]
        if uses:
            created = uses[0].exchange.status == 201 or uses[0].exchange.status >= 400
            found.append(Datum(name=name, kind=kind, given=not created))
    return tuple(found)


def _shown(flow: Flow) -> set[Any]:
    """What a test of this flow would show."""
    found: set[Any] = set()
    kinds = [step.exchange.kind for step in flow.steps]
    found |= set(pairwise(kinds))
    for step in flow.steps:
        exchange = step.exchange
        names = tuple(sorted(_QUERY_NAME.findall(step.path)))
        found.add((exchange.kind, names, _error_code(exchange)))
        found |= {(exchange.kind, name, size) for name, size in _sizes(step.body)}
        found |= {(exchange.kind, "answer", name, size) for name, size in _sizes(exchange.answer) if name.endswith("#")}
    return found


def _sizes(document: Any) -> Iterator[tuple[str, int]]:
    """Numbers and lengths as none, one, many: two of a thing show more than one."""
    for path, value in leaves(document) if isinstance(document, dict | list) else ():
        if isinstance(value, int) and not isinstance(value, bool):
            yield dotted(path, any_item=True), max(-1, min(value, 2))
        else:
            yield dotted(path, any_item=True), 0


def _error_code(exchange: Exchange) -> str:
    """Short words of an error's answer: `conflict`."""
    if exchange.status < 400 or not isinstance(exchange.answer, dict):
        return ""
    words = [value for path, value in leaves(exchange.answer) if path[-1] in ("code", "type", "error", "title")]
    return " ".join(str(word) for word in words if isinstance(word, str) and len(word) < 60)


def _signature(flow: Flow) -> tuple[Any, ...]:
    return tuple(step.exchange.kind for step in flow.steps)


def _title(steps: Iterable[FlowStep]) -> str:
    """Its steps without repeats and reads, in a line."""
    said = [
        f"{step.exchange.method} {step.exchange.endpoint}"
        + (f" refused with {step.exchange.status}" if step.exchange.status >= 400 else "")
        for step in steps
    ]
    distinct = list(dict.fromkeys(said))
    shown = distinct if len(distinct) <= 4 else [*distinct[:3], "...", distinct[-1]]
    return ", ".join(shown)


def _most_at_once(found: Sequence[Flow]) -> int:
    """Flows that were under way at one moment."""
    moves = sorted(
        (at, move) for flow in found for at, move in ((flow.steps[0].exchange.at, 1), (flow.steps[-1].exchange.at, -1))
    )
    now = most = 0
    for _, move in moves:
        now += move
        most = max(most, now)
    return most

"""Recorded traffic as tests: few flows that together show all that was recorded, each with what always held.

Reads and refusals that need nothing before them are tested on their own, all of one kind in one file; whatever needs
an earlier answer is a flow. A flow is chosen for what the chosen ones do not show yet: an endpoint, a status, an error
code, a parameter, an order of steps, an empty list or a long one.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...analysis.json_shape import dotted
from ...core.errors import TaskVetoed
from ...core.records.findings import FindingPriority
from ...core.records.recordings import ExchangeRow
from ...core.records.rows import EXCHANGES
from ...core.records.scenarios import (
    PLACEHOLDER,
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
from .recorded_choice import covering, shown_by, shown_by_step
from .recorded_effects import Effects, effects
from .recorded_exchanges import MISSING, Exchange, exchanges
from .recorded_expectations import expectations, last_change, reads_back
from .recorded_flows import Flow, FlowStep, flows
from .recorded_rules import Rules, Seen, rules_of, statuses
from .scenario_keys import offered

PREFIX = "scenario-rec-"
DEFAULT_MAX_SCENARIOS = 30
MAX_ALONE = 12
"""Different requests of one kind in one file."""
MAX_AT_ONCE = 4
"""Customers at once, when the recording had several: more wait for each other, and show no other races."""


def recording_to_tests(loaded: Loaded) -> Outcome:
    """The task type `recording-to-tests`.

    Payload: optional `host` (as recorded; the one asked most), `maxScenarios` (30), `days`.

    Raises:
        TaskVetoed: a wrong payload, or nothing was recorded in the window.
    """
    recorded = exchanges((ExchangeRow(*row) for row in loaded.rows(EXCHANGES)), loaded.payload.get("host"))
    if not recorded:
        words = "no recorded exchanges in this window: `aqe import traffic.har` brings them in"
        raise TaskVetoed(words + loaded.older(EXCHANGES))
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
    whole = [kept for flow in found if len((kept := maker.essential(flow)).steps) > 1 or kept.data]
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
        self._effects = effects(found)
        self._at_once = _most_at_once([flow for flow in found if len(flow.steps) > 1])

    def essential(self, flow: Flow) -> Flow:
        """Without the reads that need nothing and give nothing: they are tested on their own."""
        needed = {name for step in flow.steps for name in step.needs}
        kept = [
            step
            for place, step in enumerate(flow.steps)
            if not self._is_alone(Seen(flow, place))
            or {capture.name for capture in step.captures} & needed
            or id(step) in self._effects
        ]
        changes = any(not step.exchange.safe or step.needs for step in kept)
        return replace(flow, steps=tuple(kept) if changes else ())

    def flows(self, found: Sequence[Flow], most: int) -> Iterator[TestScenario]:
        """Of flows that add as much the more frequent, then the shorter one."""
        times = Counter(map(_signature, found))
        shows = [shown_by(flow).union(*(self._effects_of(step).shows for step in flow.steps)) for flow in found]
        rank = [(times[_signature(flow)], -len(flow.steps)) for flow in found]
        for chosen in covering(shows, rank, most):
            yield self._of_flow(found[chosen], times[_signature(found[chosen])])

    def alone(self) -> Iterator[TestScenario]:
        """What needs nothing before it: one scenario a kind; requests that show something new, then the frequent."""
        for kind in sorted(self._by_kind, key=lambda kind: (kind[2] >= 400, kind[1], kind[0])):
            times: Counter[str] = Counter()
            first: dict[str, Seen] = {}
            for one in self._by_kind[kind]:
                if self._is_alone(one):
                    times[one.step.key] += 1
                    first.setdefault(one.step.key, one)
            keys = [key for key, _ in times.most_common()]
            shows = [shown_by_step(first[key].step) for key in keys]
            telling = [keys[n] for n in covering(shows, [times[key] for key in keys], MAX_ALONE)]
            chosen = [*telling, *(key for key in keys if key not in telling)][:MAX_ALONE]
            if chosen:
                yield self._of_alone(kind, [first[key] for key in chosen], sum(times.values()))

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
            cookies=_with_cookies(flow),
            steps=tuple(self._with_captures(flow)),
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
            steps=tuple(self._step(one, None, alone=True) for one in chosen),
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

    def _effects_of(self, step: FlowStep) -> Effects:
        return self._effects.get(id(step), Effects())

    def _with_captures(self, flow: Flow) -> list[RequestStep]:
        """The steps; what expectations name of earlier answers is captured, too."""
        made = self._with_whole_captures(flow)
        places = {id(step): at for at, step in enumerate(flow.steps)}
        for name in dict.fromkeys(name for step in made for e in step.expectations for name in _named(e.value)):
            maker, path = flow.makers.get(name, (None, ()))
            at = places.get(id(maker))
            if at is not None and name not in {capture.name for capture in made[at].captures}:
                captures = (*made[at].captures, Capture(name=name, path=dotted(path)))
                made[at] = made[at].model_copy(update={"captures": captures})
        return made

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

    def _step(self, one: Seen, same_as: str | None, *, alone: bool = False) -> RequestStep:
        step, rules = one.step, self._rules[one.step.exchange.kind]
        known = set() if alone else _given_before(one)
        expected = expectations(one, rules, self._statuses[one.situation], same_as, known)
        if not alone:
            # Customers who do it at once slow each other down: speed is a matter of reads that stand alone.
            expected = tuple(expectation for expectation in expected if expectation.kind != "latency-below-ms")
        effects_here = Effects() if alone else self._effects_of(step)
        form = step.exchange.request_type.startswith("application/x-www-form-urlencoded")
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        if isinstance(step.body, str) and step.exchange.request_type:
            headers = {"Content-Type": step.exchange.request_type}
        accept = step.exchange.request_headers.get("accept", "")
        if accept and accept != "*/*":
            headers["Accept"] = accept
        if step.authorization:
            headers["Authorization"] = step.authorization
        return RequestStep(
            method=step.exchange.method,
            path=step.path,
            headers=headers,
            body=None if step.body is MISSING else step.body,
            captures=(*step.captures, *effects_here.captures),
            expectations=(*expected, *effects_here.expectations),
            title=f"{step.exchange.method} {step.exchange.endpoint}: {step.exchange.status}",
        )


def _data(flow: Flow) -> tuple[Datum, ...]:
    needed = {name for step in flow.steps for name in step.needs}
    return tuple(role.datum(name) for name, role in flow.data.items() if name in needed)


def _with_cookies(flow: Flow) -> bool:
    """Some request had a session that is no authorization, or nobody spoke of sessions at all."""
    asked = [step for step in flow.steps if step.exchange.session]
    return not asked or any(step.authorization is None for step in asked)


def _given_before(one: Seen) -> set[str]:
    """Placeholders that a test of the flow knows when this step is answered."""
    before = one.flow.steps[: one.place]
    made = {name for name, (maker, _) in one.flow.makers.items() if any(maker is step for step in before)}
    return made | {name for step in (*before, one.step) for name in step.needs if name in one.flow.data}


def _named(value: Any) -> set[str]:
    """Placeholders in a value of an expectation."""
    return set(re.findall(PLACEHOLDER, json.dumps(value)))


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

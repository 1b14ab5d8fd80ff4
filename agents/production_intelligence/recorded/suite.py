"""Recorded traffic as tests: few flows that together show all that was recorded, each with what always held.

Reads and refusals that need nothing before them are tested on their own, all of one kind in one file; whatever needs
an earlier answer is a flow. A flow is chosen for what the chosen ones do not show yet: an endpoint, a status, an error
code, a parameter, an order of steps, an empty list or a long one.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ....core.errors import NoData
from ....core.records.bulk.rows import EXCHANGES
from ....core.records.production.findings import FindingPriority
from ....core.records.production.scenarios import (
    Conditions,
    Datum,
    Provenance,
    RecordedTests,
    RequestStep,
    TestScenario,
)
from ...outcome import Outcome
from ..loaded import Loaded
from ..scenario_keys import READS as SCENARIO_KEYS
from ..scenario_keys import offered
from .choice import covering, shown_by, shown_by_step
from .effects import Effects
from .exchanges import Exchange, exchanges
from .flows import Flow, FlowStep, flows
from .rules import Seen
from .steps import Steps

READS = SCENARIO_KEYS
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
        NoData: a wrong payload, or nothing was recorded in the window.
    """
    recorded = exchanges(loaded.rows(EXCHANGES), loaded.payload.get("host"))
    if not recorded:
        words = "no recorded exchanges in this window: `aqe import traffic.har` brings them in"
        raise NoData(words + loaded.older(EXCHANGES))
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
        self._steps = Steps(found)
        self._by_request: dict[str, set[int]] = defaultdict(set)
        for step in (step for flow in found for step in flow.steps):
            self._by_request[step.key].add(step.exchange.status)
        self._at_once = _most_at_once([flow for flow in found if len(flow.steps) > 1])

    def essential(self, flow: Flow) -> Flow:
        """Without the reads that need nothing and give nothing: they are tested on their own."""
        needed = {name for step in flow.steps for name in step.needs}
        kept = [
            step
            for place, step in enumerate(flow.steps)
            if not self._is_alone(Seen(flow, place))
            or {capture.name for capture in step.captures} & needed
            or self._steps.effects_of(step) != Effects()
        ]
        changes = any(not step.exchange.safe or step.needs for step in kept)
        return replace(flow, steps=tuple(kept) if changes else ())

    def flows(self, found: Sequence[Flow], most: int) -> Iterator[TestScenario]:
        """Of flows that add as much the more frequent, then the shorter one."""
        times = Counter(map(_signature, found))
        shows = [shown_by(flow).union(*(self._steps.effects_of(step).shows for step in flow.steps)) for flow in found]
        rank = [(times[_signature(flow)], -len(flow.steps)) for flow in found]
        for chosen in covering(shows, rank, most):
            yield self._of_flow(found[chosen], times[_signature(found[chosen])])

    def alone(self) -> Iterator[TestScenario]:
        """What needs nothing before it: one scenario a kind; requests that show something new, then the frequent."""
        for kind in sorted(self._steps.by_kind, key=lambda kind: (kind[2] >= 400, kind[1], kind[0])):
            times: Counter[str] = Counter()
            first: dict[str, Seen] = {}
            for one in self._steps.by_kind[kind]:
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
            steps=tuple(self._steps.of_flow(flow)),
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
            steps=tuple(map(self._steps.alone, chosen)),
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


def _data(flow: Flow) -> tuple[Datum, ...]:
    needed = {name for step in flow.steps for name in step.needs}
    return tuple(role.datum(name) for name, role in flow.data.items() if name in needed)


def _with_cookies(flow: Flow) -> bool:
    """Some request had a session that is no authorization, or nobody spoke of sessions at all."""
    asked = [step for step in flow.steps if step.exchange.session]
    return not asked or any(step.authorization is None for step in asked)


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

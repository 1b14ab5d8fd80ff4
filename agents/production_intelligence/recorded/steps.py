"""Steps of recorded flows as requests of a test: what to send, what to keep, what all recordings of their kind had."""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ....analysis.texts.json_shape import dotted
from ....core.records.production.scenarios import PLACEHOLDER, Capture, RequestStep
from .effects import Effects, effects
from .exchanges import MISSING
from .expectations import expectations, last_change, reads_back
from .flows import Flow, FlowStep
from .rules import Rules, Seen, rules_of, statuses


class Steps:
    """What is known of all recorded steps.

    Args:
        found: every flow of the recording.
    """

    def __init__(self, found: Sequence[Flow]) -> None:
        seen = [Seen(flow, place) for flow in found for place in range(len(flow.steps))]
        self.by_kind: dict[Any, list[Seen]] = defaultdict(list)
        """Method, endpoint and status -> the steps."""
        for one in seen:
            self.by_kind[one.step.exchange.kind].append(one)
        # A flow that lost steps has another history: what was recorded is looked up by the step itself.
        self._seen = {id(one.step): one for one in seen}
        self._statuses = statuses(seen)
        self._rules: dict[Any, Rules] = {kind: rules_of(many) for kind, many in self.by_kind.items()}
        self._reads_back = reads_back(self.by_kind)
        self._effects = effects(found)

    def effects_of(self, step: FlowStep) -> Effects:
        """What it shows of earlier changes; nothing for most."""
        return self._effects.get(id(step), Effects())

    def alone(self, one: Seen) -> RequestStep:
        """A step that needs nothing before it."""
        return self._step(one, None, alone=True)

    def of_flow(self, flow: Flow) -> list[RequestStep]:
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
        effects_here = Effects() if alone else self.effects_of(step)
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


def _given_before(one: Seen) -> set[str]:
    """Placeholders that a test of the flow knows when this step is answered."""
    before = one.flow.steps[: one.place]
    made = {name for name, (maker, _) in one.flow.makers.items() if any(maker is step for step in before)}
    return made | {name for step in (*before, one.step) for name in step.needs if name in one.flow.data}


def _named(value: Any) -> set[str]:
    """Placeholders in a value of an expectation."""
    return set(re.findall(PLACEHOLDER, json.dumps(value)))

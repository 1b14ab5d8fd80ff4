"""The way to a purchase, step by step: where visits leave it, with which errors, and who leaves more than others.

An error counts for a step when it was met after the step was reached and before the next one was. Whoever left is
compared with whoever went on: an error that both meet alike is no reason.
"""

import fnmatch
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from ....core.errors import TaskVetoed
from ....core.records.bulk.rum_answers import ClientVisits, PageLabel, RumAnswers
from ....core.records.evidence import NotMeasured
from ....core.records.production.rum_analysis import DropReason, DropSegment, Funnel, FunnelStep
from ....core.registry import did_you_mean
from .compare import LEAST_VISITS, Compared, Group, differences

MAX_STEPS = 12
MAX_PAGES = 20
"""Of a step that are named."""
LEAST_SEGMENT_RATIO = 1.1
"""Times as many that leave with a device as with the others: where most leave, a tenth more is much."""
CONFIRMATION = "confirmation"
_STAGES: dict[str, frozenset[str]] = {
    CONFIRMATION: frozenset({"confirm", "confirmed", "confirmation", "thanks", "thankyou", "thank", "receipt"}),
    "checkout": frozenset({"checkout", "payment", "payments", "pay", "shipping", "billing", "kasse"}),
    "cart": frozenset({"cart", "basket", "bag", "trolley", "warenkorb"}),
    "product": frozenset({"product", "products", "item", "items", "pdp", "sku", "p"}),
}
# Last stage first: `/checkout/confirmation` is a confirmation.


class Step(NamedTuple):
    """A step of a funnel and the labels of the pages that it is."""

    name: str
    pages: frozenset[str]


def steps_given(asked: object, pages: Sequence[PageLabel]) -> tuple[Step, ...]:
    """The steps that were asked for.

    Args:
        asked: globs, in which `*` crosses `/`.
        pages: that were seen.

    Raises:
        TaskVetoed: no list of 2 to MAX_STEPS texts, or one that no page matches.
    """
    if not isinstance(asked, Sequence) or isinstance(asked, str) or not 2 <= len(asked) <= MAX_STEPS:
        raise TaskVetoed(f"funnel is {asked!r:.80}, expected a list of 2 to {MAX_STEPS} pages")
    labels = [page.label for page in pages]
    steps = tuple(Step(str(step), frozenset(fnmatch.filter(labels, str(step)))) for step in asked)
    for step in steps:
        if not step.pages:
            raise TaskVetoed(f"nobody saw a page {step.name!r:.80}{did_you_mean(step.name, labels)}")
    return steps


def steps_found(pages: Sequence[PageLabel]) -> tuple[Step, ...]:
    """Product, cart, checkout and confirmation by the words in the names of pages, as far as there are such."""
    stages: dict[str, set[str]] = {stage: set() for stage in reversed(_STAGES)}
    for page in pages:
        words = set(re.findall(r"[a-z]+", page.label.lower()))
        stage = next((stage for stage, its in _STAGES.items() if its & words), None)
        if stage is not None:
            stages[stage].add(page.label)
    return tuple(Step(stage, frozenset(labels)) for stage, labels in stages.items() if labels)


def funnel(answers: RumAnswers, steps: Sequence[Step], *, given: bool) -> Funnel | NotMeasured:
    """How many reached each step, and why the others did not, as far as errors and devices tell.

    Args:
        answers: to a question with these steps.
        given: the steps were asked for.
    """
    if len(steps) < 2:
        return NotMeasured(
            reason="no two pages are called product, cart, checkout or confirmation; --funnel '/a,/b*,/c' names them"
        )
    reached = [sum(client.reached[number] for client in answers.clients) for number in range(len(steps))]
    return Funnel(given=given, steps=tuple(_step(answers, number, step, reached) for number, step in enumerate(steps)))


def _step(answers: RumAnswers, number: int, step: Step, reached: Sequence[int]) -> FunnelStep:
    last = number + 1 == len(reached)
    visits = reached[number]
    dropped = None if last else visits - reached[number + 1]
    return FunnelStep(
        step=step.name,
        pages=tuple(sorted(step.pages)[:MAX_PAGES]),
        visits=visits,
        share=visits / reached[0] if reached[0] else 0.0,
        dropped=dropped,
        drop_share=dropped / visits if dropped is not None and visits else None,
        reasons=NotMeasured(reason="the last step") if dropped is None else _reasons(answers, number, dropped, visits),
        segments=() if last else _segments(answers.clients, number),
    )


def _reasons(answers: RumAnswers, number: int, dropped: int, visits: int) -> tuple[DropReason, ...] | NotMeasured:
    went_on = visits - dropped
    if not answers.totals.errors:
        return NotMeasured(reason="the rows tell of no errors")
    if answers.totals.errors == answers.totals.nameless_errors:
        return NotMeasured(reason="no error names its session or user")
    if min(dropped, went_on) < LEAST_VISITS:
        return NotMeasured(
            reason=f"insufficient data: {dropped} dropped and {went_on} went on, {LEAST_VISITS} of each are needed"
        )
    return differences(
        (
            Compared(
                Group(one.dropped, dropped),
                Group(one.went_on, went_on),
                {"error": one.error, "excess_visits": one.dropped - dropped * one.went_on / went_on},
            )
            for one in answers.step_errors
            if one.step == number
        ),
        DropReason,
    )


def _segments(clients: Sequence[ClientVisits], number: int) -> tuple[DropSegment, ...]:
    """Devices and browsers with which more left at a step than with all others."""
    compared = []
    for dimension in ("device", "browser"):
        found: defaultdict[str | None, list[int]] = defaultdict(lambda: [0, 0])
        for client in clients:
            here, there = client.reached[number : number + 2]
            group = found[getattr(client, dimension)]
            group[0] += here - there
            group[1] += here
        dropped, visits = (sum(group[place] for group in found.values()) for place in (0, 1))
        compared += [
            Compared(Group(its, of), Group(dropped - its, visits - of), {"dimension": dimension, "value": value})
            for value, (its, of) in found.items()
            if value is not None
        ]
    return differences(compared, DropSegment, least_ratio=LEAST_SEGMENT_RATIO)

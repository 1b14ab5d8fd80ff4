"""Whether sessions still take the ways of the known model, and which ways are new.

New sessions are those that began after the window of the known model; what is imported late for a time before that is
not looked at. Intervals take sessions for independent of each other, which those of one person are not quite.
"""

import numpy as np

from ....analysis.inference.proportions import difference, wilson
from ....core.records.bulk.visits import StepText, VisitQuestion
from ....core.records.evidence import NotMeasured
from ....core.records.production.journeys import Conformance, Journeys, NewEdge, Share, step_title
from .counts import Replay
from .sessions import Bools, Sessions
from .steps import step_id

MAX_NEW_EDGES = 20


def share_of(hits: int, total: int) -> Share:
    """A share with its interval."""
    low, high = wilson(hits, total)
    return Share(value=hits / total if total else 0.0, low=low, high=high)


def known_ways(model: Journeys, steps: tuple[StepText, ...]) -> Bools:
    """What Replay asks for, in the numbers of this run's steps."""
    known = np.zeros((len(steps) + 1, max(1, len(steps))), bool)
    number = {step_id(step): at for at, step in enumerate(steps)}
    for edge in model.edges:
        if edge.source in number and edge.target in number:
            known[number[edge.source], number[edge.target]] = True
    for step in model.steps:
        if step.entries and step.id in number:
            known[-1, number[step.id]] = True
    return known


class Conforming:
    """New sessions against the known model, a part of the people at a time.

    Args:
        model: as stored; None = there is none.
        steps: of this run.
        question: what this run asks.
    """

    def __init__(self, model: Journeys | None, steps: tuple[StepText, ...], question: VisitQuestion) -> None:
        self._model = model
        self._steps = steps
        self._question = question
        self._replay = None if model is None else Replay(known_ways(model, steps))

    def take(self, found: Sessions) -> None:
        """Add sessions of people who were not seen before."""
        if self._model is not None and self._replay is not None:
            self._replay.take(found, found.began_us > self._model.window_to.timestamp() * 1e6)

    def conformance(self) -> Conformance | NotMeasured:
        """What was found."""
        model, replay = self._model, self._replay
        if model is None or replay is None:
            return NotMeasured(
                reason="there was no known model, or none that can be read: this run's journeys are one now"
            )
        if model.actions != self._question.actions:
            return NotMeasured(
                reason="the known model has other steps: with actions or without; the next run has these"
            )
        if not replay.sessions:
            return NotMeasured(
                reason=f"no session began after the known model's window, {model.window_to:%Y-%m-%d %H:%M} UTC"
            )
        expected = model.replay
        own = round(expected.value * model.replay_sessions)
        low, high = difference(replay.replayed, replay.sessions, own, model.replay_sessions)
        edges, withheld = self._new_edges(replay)
        return Conformance(
            model_from=model.window_from,
            model_to=model.window_to,
            sessions=replay.sessions,
            replay=share_of(replay.replayed, replay.sessions),
            expected=expected,
            difference_low=low,
            difference_high=high,
            new_edges=edges,
            new_edges_withheld=withheld,
        )

    def _new_edges(self, replay: Replay) -> tuple[tuple[NewEdge, ...], int]:
        seen = np.flatnonzero(replay.new_sessions)
        enough = seen[replay.new_people[seen] >= self._question.min_users]
        most = enough[np.argsort(-replay.new_sessions[enough], kind="stable")][:MAX_NEW_EDGES]
        return tuple(self._new_edge(replay, int(edge)) for edge in most), len(seen) - len(enough)

    def _new_edge(self, replay: Replay, edge: int) -> NewEdge:
        source, target = divmod(edge, replay.steps)
        sessions = int(replay.new_sessions[edge])
        begins = source == replay.steps
        return NewEdge(
            source=None if begins else step_id(self._steps[source]),
            target=step_id(self._steps[target]),
            source_title="(start)" if begins else step_title(*self._steps[source][:3]),
            target_title=step_title(*self._steps[target][:3]),
            sessions=sessions,
            users=int(replay.new_people[edge]),
            share=share_of(sessions, replay.sessions),
        )

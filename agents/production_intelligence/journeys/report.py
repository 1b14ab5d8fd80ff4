"""Counts of sessions -> the record of journeys: what enough people did, and how much was withheld."""

from collections.abc import Iterator
from hashlib import sha256

import numpy as np

from ....core.records.bulk.rows import ACCESS, LOGS, PRODUCT, RUM
from ....core.records.bulk.visits import BY_CLIENT, BY_USER, VisitQuestion, Visits
from ....core.records.evidence import NotMeasured
from ....core.records.production.journeys import Edge, Journey, Journeys, Outcome, Outcomes, Pause, Step, StepKind
from ..loaded import Loaded
from .conformance import Conforming, known_ways, share_of
from .counts import SUMS, Counts, Replay
from .drop_offs import drop_offs
from .insights import insights_of
from .sessions import Bools, Floats, Ints, Sessions
from .steps import example_path, page_path, step_id

MAX_JOURNEYS = 100
MAX_EDGES = 1_000
SESSIONS, USERS = SUMS.index("sessions"), SUMS.index("users")
LIMITS = (
    (RUM, "real-user monitoring lacks whom ad blockers and consent keep out; browsers' own clocks give the order"),
    (PRODUCT, "product events tell what the product names, and no errors"),
    (LOGS, "log records tell requests of a server, not pages, nor what a browser answers from its cache"),
    (
        ACCESS,
        "access logs name no visitors: that one address with one browser is one person is an approximation; people"
        " behind one address may be one here, and who changes networks is two. Requests for styles, scripts, images"
        " and fonts and those of agents that say they are robots are left out",
    ),
)
"""Kind of rows -> what it cannot tell."""


def report_of(
    loaded: Loaded,
    question: VisitQuestion,
    visits: Visits,
    counts: Counts,
    sample: Sessions,
    conforming: Conforming,
    *,
    idle_s: int,
) -> Journeys:
    """The record.

    Args:
        counts: of all sessions.
        sample: the sessions that the share of own ones that replay is told by.
    """
    return _Writer(loaded, question, visits, counts, idle_s).write(sample, conforming)


class _Writer:
    def __init__(self, loaded: Loaded, question: VisitQuestion, visits: Visits, counts: Counts, idle_s: int) -> None:
        self._loaded, self._question, self._visits = loaded, question, visits
        self._counts, self._idle_s, self._least = counts, idle_s, question.min_users
        self._ids = [step_id(step) for step in visits.steps]

    def write(self, sample: Sessions, conforming: Conforming) -> Journeys:
        counts, variants, edges = self._counts, self._counts.variants, self._edges()
        sessions, enough = variants.sums[:, SESSIONS], variants.sums[:, USERS] >= self._least
        listed = [at for at in _most(sessions, enough).tolist() if int(variants.digest[at]) in variants.steps]
        found = Journeys(
            sources=tuple(source.kind for source in self._visits.sources),
            limits=tuple(self._limits()),
            window_from=self._loaded.since,
            window_to=self._loaded.now,
            min_users=self._least,
            idle_s=self._idle_s,
            actions=self._question.actions,
            events=int(counts.rows.sum()),
            sessions=counts.sessions,
            users=counts.people,
            users_by=self._users_by(),
            steps=tuple(self._step(int(at)) for at in _most(counts.seen, counts.seen_by >= self._least)),
            edges=tuple(self._edge(at) for at in edges[:MAX_EDGES].tolist()),
            edges_withheld=int(((counts.times > 0) & (counts.edge_people < self._least)).sum()),
            edges_unlisted=max(0, len(edges) - MAX_EDGES),
            journeys=tuple(self._journey(at) for at in listed[:MAX_JOURNEYS]),
            journeys_withheld=int((~enough).sum()) + variants.forgotten,
            sessions_withheld=int(sessions[~enough].sum()) + variants.forgotten_sessions,
            journeys_unlisted=int(enough.sum()) - len(listed[:MAX_JOURNEYS]),
            outcomes=self._outcomes(),
            drop_offs=drop_offs(counts, self._ids, least=self._least, tells_errors=self._visits.tells_errors),
            replay=share_of(0, 0),
            replay_sessions=0,
            conformance=conforming.conformance(),
        )
        own = Replay(known_ways(found, self._visits.steps))
        own.take(sample)
        replay = {"replay": share_of(own.replayed, own.sessions), "replay_sessions": own.sessions}
        return found.model_copy(update={**replay, "insights": tuple(insights_of(found))})

    def _limits(self) -> Iterator[str]:
        for source in self._visits.sources:
            yield dict(LIMITS)[source.kind]
            if source.by == BY_USER:
                yield f"{source.kind} name no session: what a user did until {self._idle_s // 60} idle minutes is one"
            if source.ignored:
                yield f"{source.ignored} rows of {source.kind} name no {source.by} and are left out"
        if self._visits.machines:
            yield f"{self._visits.machines} visitors did over a million things each and are left out: machines"

    def _users_by(self) -> str:
        counts = self._counts
        if any(source.by == BY_CLIENT for source in self._visits.sources):
            return "address and browser, an approximation"
        if counts.named == counts.sessions:
            return "users"
        return "users, else sessions" if counts.named else "sessions"

    def _step(self, at: int) -> Step:
        counts, text = self._counts, self._visits.steps[at]
        path = page_path(text)
        return Step(
            id=self._ids[at],
            kind=StepKind(text.kind),
            page=text.page,
            action=text.action,
            path=path,
            example_path=example_path(path),
            events=int(counts.rows[at]),
            sessions=int(counts.seen[at]),
            users=int(counts.seen_by[at]),
            entries=self._told(counts.entered[at], counts.entered_by[at]),
            exits=self._told(counts.ended[at], counts.ended_by[at]),
        )

    def _told(self, number: int, people: int) -> int | None:
        return int(number) if people >= self._least or not number else None

    def _edges(self) -> Ints:
        return _most(self._counts.times, self._counts.edge_people >= self._least)

    def _edge(self, at: int) -> Edge:
        counts = self._counts
        source, target = divmod(at, counts.steps)
        times = int(counts.times[at])
        left = int(counts.times[source * counts.steps : (source + 1) * counts.steps].sum() + counts.ended[source])
        p50, p75, p95 = (counts.pauses.quantile(at, share) or 0.0 for share in (0.5, 0.75, 0.95))
        return Edge(
            source=self._ids[source],
            target=self._ids[target],
            times=times,
            sessions=int(counts.edge_sessions[at]),
            users=int(counts.edge_people[at]),
            share=times / left,
            pause=Pause(p50_s=p50, p75_s=p75, p95_s=p95, idle_p50_s=counts.idle.quantile(at, 0.5)),
        )

    def _journey(self, at: int) -> Journey:
        variants = self._counts.variants
        steps, cut = variants.steps[int(variants.digest[at])]
        of = dict(zip(SUMS, variants.sums[at].tolist(), strict=True))
        sessions, converted, failed = int(of["sessions"]), int(of["converted"]), int(of["failed"])
        ids = tuple(self._ids[step] for step in steps)
        tells_goal, tells_errors = self._visits.tells_goal, self._visits.tells_errors
        return Journey(
            id=sha256(" ".join((*ids, str(cut))).encode()).hexdigest()[:12],
            steps=ids,
            cut=cut,
            sessions=sessions,
            users=int(of["users"]),
            share=share_of(sessions, self._counts.sessions),
            outcome=self._outcome(sessions, converted, failed, single=len(ids) == 1),
            converted=converted if tells_goal else None,
            errors=failed if tells_errors else None,
            duration_mean_s=of["length_s"] / sessions,
            revenue=of["revenue"] if of["payers"] >= self._least and len(self._visits.currencies) <= 1 else None,
        )

    def _outcome(self, sessions: int, converted: int, failed: int, *, single: bool) -> Outcome | None:
        rest = Outcome.BOUNCED if single else Outcome.ABANDONED if self._visits.tells_goal else None
        ends = {Outcome.CONVERTED: converted, Outcome.ERROR: failed, rest: sessions - converted - failed}
        return max(ends, key=lambda end: ends[end])

    def _outcomes(self) -> Outcomes:
        counts, visits = self._counts, self._visits
        asked = "a purchase" if self._question.goal is None else repr(self._question.goal)
        no_goal = NotMeasured(reason=f"nothing in the window is {asked}; --goal names another event or page")
        no_error = NotMeasured(reason="no error in the window: none happened, or nothing records them")
        ended = counts.sessions - counts.converted - counts.failed - counts.bounced
        return Outcomes(
            converted=counts.converted if visits.tells_goal else no_goal,
            errors=counts.failed if visits.tells_errors else no_error,
            bounced=counts.bounced,
            abandoned=ended if visits.tells_goal else no_goal,
            revenue=self._revenue(),
            currency=visits.currencies[0] if len(visits.currencies) == 1 else None,
        )

    def _revenue(self) -> float | NotMeasured:
        counts, currencies = self._counts, self._visits.currencies
        if not counts.payers:
            return NotMeasured(reason="no product event with revenue belongs to a session")
        if counts.payers < self._least:
            return NotMeasured(reason=f"fewer than {self._least} people paid: what they paid would be theirs to tell")
        if len(currencies) > 1:
            return NotMeasured(reason=f"in several currencies: {', '.join(currencies)}")
        return counts.revenue


def _most(numbers: Ints | Floats, enough: Bools) -> Ints:
    """Places where `enough` holds, those with the highest number first."""
    places = np.flatnonzero(enough)
    return places[np.argsort(-numbers[places], kind="stable")]

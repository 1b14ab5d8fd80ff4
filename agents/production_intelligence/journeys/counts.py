"""What sessions come down to: how often each step, each edge and each variant was seen, and by how many people.

Sessions come a part of the people at a time, so that distinct people add up. What is held does not grow with their
number but with that of different things, and that is bounded: steps by the reader, variants by MAX_VARIANTS, times
between steps by MAX_TIMES.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ....analysis.log_buckets import BUCKETS, bucket, quantile
from .sessions import Bools, Floats, Ints, Sessions

MAX_MOVES = 30
"""Steps of a variant; sessions that go on are compared by so many, and marked as cut."""
MAX_VARIANTS = 2_000_000
"""Held apart, 70 bytes each; beyond, those of the fewest people are forgotten and count as withheld."""
MAX_TIMES = 4_000_000
"""Buckets of edges held, 16 bytes each; beyond, only the busiest edges keep theirs."""
TIMED_EDGES = 3_000
"""Edges whose times are kept whatever happens."""
EXAMPLES = 2_000
"""Variants whose steps are written down, in each part of the people: far more than are ever listed."""

SUMS = ("sessions", "users", "converted", "failed", "length_s", "revenue", "payers")
"""Columns of the variants' table."""


@dataclass
class Variants:
    """Variants by digest, in order of it."""

    digest: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    sums: Floats = field(default_factory=lambda: np.zeros((0, len(SUMS))))
    steps: dict[int, tuple[tuple[int, ...], bool]] = field(default_factory=dict)
    """Digest -> its steps, and whether more followed; of the frequent ones."""
    forgotten: int = 0
    forgotten_sessions: int = 0

    def take(self, sessions: Sessions) -> None:
        """Add sessions of people who were not seen before."""
        digest = _digests(sessions)
        found, example, variant = np.unique(digest, return_index=True, return_inverse=True)
        count = len(found)
        paid = sessions.revenue > 0
        columns = (
            np.bincount(variant, minlength=count),
            distinct(variant, sessions.person, count),
            np.bincount(variant, weights=sessions.goal, minlength=count),
            np.bincount(variant, weights=sessions.failed & ~sessions.goal, minlength=count),
            np.bincount(variant, weights=sessions.length_s, minlength=count),
            np.bincount(variant, weights=sessions.revenue, minlength=count),
            distinct(variant[paid], sessions.person[paid], count),
        )
        sums = np.column_stack(columns).astype(np.float64)
        self._write_down(sessions, found, example, sums)
        self._merge(found, sums)

    def _write_down(self, sessions: Sessions, digest: NDArray[np.uint64], example: Ints, sums: Floats) -> None:
        most = np.argsort(-sums[:, 0], kind="stable")[:EXAMPLES]
        session = example[most]
        begins, lengths = sessions.first[session].tolist(), sessions.moves[session].tolist()
        for name, begin, length in zip(digest[most].tolist(), begins, lengths, strict=True):
            if name not in self.steps:
                steps = sessions.step[begin : begin + min(length, MAX_MOVES)].tolist()
                self.steps[name] = (tuple(steps), length > MAX_MOVES)

    def _merge(self, digest: NDArray[np.uint64], sums: Floats) -> None:
        self.digest, into = np.unique(np.concatenate([self.digest, digest]), return_inverse=True)
        both = np.concatenate([self.sums, sums])
        self.sums = np.zeros((len(self.digest), len(SUMS)))
        np.add.at(self.sums, into, both)
        if len(self.digest) > MAX_VARIANTS:
            order = np.argsort(-self.sums[:, 1], kind="stable")
            kept, gone = np.sort(order[:MAX_VARIANTS]), order[MAX_VARIANTS:]
            self.forgotten += len(gone)
            self.forgotten_sessions += int(self.sums[gone, 0].sum())
            self.digest, self.sums = self.digest[kept], self.sums[kept]


@dataclass
class Times:
    """How long each edge took, as counts of buckets."""

    place: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """Number of the edge times BUCKETS plus bucket, rising."""
    count: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def take(self, edge: Ints, seconds: Floats, busiest: Ints) -> None:
        """Add times.

        Args:
            edge, seconds: of a move; NaN = not known.
            busiest: edges, the busiest first.
        """
        known = ~np.isnan(seconds)
        found, count = np.unique(edge[known] * BUCKETS + bucket(seconds[known]), return_counts=True)
        self.place, into = np.unique(np.concatenate([self.place, found]), return_inverse=True)
        counts = np.concatenate([self.count, count])
        self.count = np.bincount(into, weights=counts, minlength=len(self.place)).astype(np.int64)
        if len(self.place) > MAX_TIMES:
            kept = np.isin(self.place // BUCKETS, busiest[:TIMED_EDGES])
            self.place, self.count = self.place[kept], self.count[kept]

    def quantile(self, edge: int, share: float) -> float | None:
        """Of one edge, seconds; None when no time is known."""
        begin, end = np.searchsorted(self.place, [edge * BUCKETS, (edge + 1) * BUCKETS])
        return quantile(self.place[begin:end] % BUCKETS, self.count[begin:end], share)


class Counts:
    """Everything that is counted.

    Args:
        steps: how many steps there are, "other" included; an edge's number is its source times this plus its target.

    Attributes:
        rows, seen, seen_by: of a step: rows, sessions, people.
        entered, entered_by, ended, ended_by: of a step: sessions that begin or end there, and their people.
        left, left_by: of a step: sessions that end there and have not converted, and their people.
        met, left_met: of a step: sessions that met an error there, and of them those that left there.
        times, edge_sessions, edge_people: of an edge.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.rows, self.seen, self.seen_by = (np.zeros(steps, np.int64) for _ in range(3))
        self.entered, self.entered_by, self.ended, self.ended_by = (np.zeros(steps, np.int64) for _ in range(4))
        self.left, self.left_by, self.met, self.left_met = (np.zeros(steps, np.int64) for _ in range(4))
        self.times, self.edge_sessions, self.edge_people = (np.zeros(steps * steps, np.int64) for _ in range(3))
        self.pauses, self.idle = Times(), Times()
        self.variants = Variants()
        self.sessions = self.people = self.named = self.payers = 0
        self.converted = self.failed = self.bounced = 0
        self.revenue = 0.0

    def take(self, found: Sessions) -> None:
        """Add sessions of people who were not seen before."""
        if not len(found.person):
            return
        self._totals(found)
        self._at_steps(found)
        self._along_edges(found)
        self.variants.take(found)

    def _totals(self, found: Sessions) -> None:
        failed = found.failed & ~found.goal
        self.sessions += len(found.person)
        self.people += int(found.person.max()) + 1
        self.named += int(found.named.sum())
        self.payers += len(np.unique(found.person[found.revenue > 0]))
        self.converted += int(found.goal.sum())
        self.failed += int(failed.sum())
        self.bounced += int(((found.moves == 1) & ~failed & ~found.goal).sum())
        self.revenue += float(found.revenue.sum())

    def _at_steps(self, found: Sessions) -> None:
        size, entry, exit_ = self.steps, found.step[found.first], found.step[found.last]
        person = found.person[found.of_session]
        left = ~found.goal
        self.rows += found.rows
        self.seen += distinct(found.step, found.of_session, size)
        self.seen_by += distinct(found.step, person, size)
        self.entered += np.bincount(entry, minlength=size)
        self.entered_by += distinct(entry, found.person, size)
        self.ended += np.bincount(exit_, minlength=size)
        self.ended_by += distinct(exit_, found.person, size)
        self.left += np.bincount(exit_[left], minlength=size)
        self.left_by += distinct(exit_[left], found.person[left], size)
        failed = found.failed_move
        self.met += distinct(found.step[failed], found.of_session[failed], size)
        # An error met on an earlier visit to the step where the session ended counts, too.
        ended_here = failed & left[found.of_session] & (found.step == exit_[found.of_session])
        self.left_met += distinct(found.step[ended_here], found.of_session[ended_here], size)

    def _along_edges(self, found: Sessions) -> None:
        later = np.flatnonzero(~found.is_first)
        edge = found.step[later - 1] * self.steps + found.step[later]
        size = self.steps**2
        self.times += np.bincount(edge, minlength=size)
        self.edge_sessions += distinct(edge, found.of_session[later], size)
        self.edge_people += distinct(edge, found.person[found.of_session[later]], size)
        busiest = np.argsort(-self.times, kind="stable")[:TIMED_EDGES]
        self.pauses.take(edge, found.pause_s[later], busiest)
        self.idle.take(edge, found.idle_s[later], busiest)


class Replay:
    """How many sessions keep to known ways.

    Args:
        known: whether a step may follow another, `[source, target]`; the last row: whether a session may begin with it.
    """

    def __init__(self, known: Bools) -> None:
        self.known = known
        self.steps = known.shape[1]
        self.sessions = self.replayed = 0
        self.new_sessions, self.new_people = (np.zeros(known.size, np.int64) for _ in range(2))
        """Of an edge that is not known, numbered like the cells of `known`."""

    def take(self, found: Sessions, asked: Bools | None = None) -> None:
        """Add sessions of people who were not seen before; `asked`: only these of them."""
        source = np.where(found.is_first, self.steps, np.roll(found.step, 1))
        fits = self.known[source, found.step]
        asked = np.ones(len(found.person), bool) if asked is None else asked
        replayed = np.ones(len(found.person), bool)
        replayed[found.of_session[~fits]] = False
        self.sessions += int(asked.sum())
        self.replayed += int((replayed & asked).sum())
        new = ~fits & asked[found.of_session]
        edge, session = source[new] * self.steps + found.step[new], found.of_session[new]
        self.new_sessions += distinct(edge, session, self.known.size)
        self.new_people += distinct(edge, found.person[session], self.known.size)


def distinct(group: Ints, member: Ints, groups: int) -> Ints:
    """How many different members each group has; both count from 0."""
    if not len(member):
        return np.zeros(groups, np.int64)
    width = int(member.max()) + 1
    pairs = np.sort(group * width + member)  # np.unique takes ten times as long: it hashes
    fresh = np.ones(len(pairs), bool)
    fresh[1:] = pairs[1:] != pairs[:-1]
    return np.bincount(pairs[fresh] // width, minlength=groups)


def _digests(found: Sessions) -> NDArray[np.uint64]:
    """A number for each session's steps in order: the sum of a well-mixed one for each place and step."""
    place = np.arange(len(found.step)) - found.first[found.of_session]
    mixed = _mixed((place.astype(np.uint64) << np.uint64(32)) + found.step.astype(np.uint64))
    mixed[place >= MAX_MOVES] = 0
    sums = np.add.reduceat(mixed, found.first)
    return np.where(found.moves > MAX_MOVES, sums + np.uint64(1), sums)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64 of each: G. L. Steele, D. Lea, C. H. Flood, Fast splittable pseudorandom number generators (2014)."""
    mixed = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))

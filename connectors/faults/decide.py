"""What goes wrong with which request: a pure function of the seed, the rule and the request's number.

Whether a rule hits the n-th request that matches its route depends on the seed, the proxy's name, the rule's place in
the list and n; and, for a rule with a schedule, on when the request came. It does not depend on other routes, on other
connections, on the length of anything or on time, so the same order of requests on a route meets the same faults. Calls
made for a numbered request of a replay are counted for that request alone: it meets the same faults in any order.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from ...core.records.faults import FaultRule

DEFAULT_STATUS = 503
MS = 1000.0


@dataclass(frozen=True)
class Decision:
    """All that happens to one request (HTTP) or connection (TCP). Times in seconds."""

    delay_s: float = 0.0
    ending: str | None = None
    """`timeout`, `reset` or `error`, in place of the upstream's answer."""
    close_after_s: float | None = None
    """Of a timeout; None = the client has to give up."""
    status: int = DEFAULT_STATUS
    """Of an error."""
    bandwidth: float | None = None
    """Bytes a second; the slowest of the rules."""
    linger_s: float = 0.0
    truncated: bool = False
    keep_bytes: int | None = None
    """Of a truncated body; None = half of what is announced."""
    kinds: tuple[str, ...] = ()
    """Of the rules that hit, as listed."""


class Decider:
    """The rules of one proxy and how many requests each has seen.

    Args:
        seed: same seed, same outcomes.
        name: of the proxy.
        rules: in order.
    """

    def __init__(self, seed: int, name: str, rules: Sequence[FaultRule]) -> None:
        self.seed = seed
        self.name = name
        self.rules = rules
        self.seen = Counter[tuple[int, int | None]]()
        """Requests by the rule's place, and by the request of a replay that they were made for."""

    def decide(
        self, elapsed_s: float, method: str | None = None, path: str | None = None, *, made_for: int | None = None
    ) -> Decision:
        """For the next request or connection.

        Args:
            elapsed_s: since the proxy's start.
            method: of the request; None = a connection.
            path: with query.
            made_for: number of the replay's request that needs it; None = not known.
        """
        own = () if made_for is None else ("made for", made_for)
        hit = []
        for place, rule in enumerate(self.rules):
            if not matches(rule, method, path):
                continue
            drawn = (self.seed, self.name, place, self.seen[place, made_for], *own)
            # Counted outside the schedule too: which numbers a rule hits is then the same whenever it begins.
            self.seen[place, made_for] += 1
            if rule.active(elapsed_s) and draw(*drawn) < rule.share:
                hit.append((rule, 2 * draw(*drawn, "jitter") - 1))
        return combined(hit)


def matches(rule: FaultRule, method: str | None, path: str | None) -> bool:
    """Whether the rule is about such a request; `refuse` is about none."""
    return (
        rule.kind != "refuse"
        and (rule.method is None or rule.method.upper() == method)
        and (rule.path is None or (path or "").startswith(rule.path))
    )


def combined(hit: Sequence[tuple[FaultRule, float]]) -> Decision:
    """The rules that hit, each with its jitter from -1 to 1, as one decision."""
    ending = next((rule for rule, _ in hit if rule.kind in ("timeout", "reset", "error")), None)
    cut = next((rule for rule, _ in hit if rule.kind == "truncate"), None)
    slow = [rule.value for rule, _ in hit if rule.kind == "bandwidth" and rule.value]
    held = ending is not None and ending.kind == "timeout" and ending.value is not None
    return Decision(
        delay_s=sum(max(0.0, (r.value or 0) + r.jitter_ms * jitter) for r, jitter in hit if r.kind == "latency") / MS,
        ending=ending.kind if ending else None,
        close_after_s=(ending.value or 0) / MS if ending and held else None,
        status=int(ending.value or DEFAULT_STATUS) if ending and ending.kind == "error" else DEFAULT_STATUS,
        bandwidth=min(slow, default=None),
        linger_s=sum(rule.value or 0 for rule, _ in hit if rule.kind == "slow-close") / MS,
        truncated=cut is not None,
        keep_bytes=int(cut.value) if cut and cut.value is not None else None,
        kinds=tuple(rule.kind for rule, _ in hit),
    )


def draw(*what: object) -> float:
    """A number from 0 up to 1, evenly spread, that depends on nothing but the arguments."""
    digest = blake2b(repr(what).encode(errors="surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / (1 << 53)

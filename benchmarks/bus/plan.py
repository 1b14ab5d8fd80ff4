"""The tables: what is measured, of whom, and which ratios issue 3 asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .load import BATCH, IN_FLIGHT, How

LATENCY_RATE = 100.0
LATENCY_S = 10


class Mode(NamedTuple):
    """What is measured.

    Args:
        send: how the producer publishes; None = the fastest way the peer has (a backlog).
        base, batch_base: the modes of raw-b1 and of raw-b100 that it is compared with.
    """

    title: str
    send: How | None
    base: str
    batch_base: str | None


MODES: Mapping[str, Mode] = {
    "publish": Mode("publish, one in flight", "one", "publish", "publish-many"),
    "publish-64": Mode(f"publish, {IN_FLIGHT} in flight", "64", "publish", "publish-many"),
    "publish-many": Mode(f"publish in batches of {BATCH}", "many", "publish", "publish-many"),
    "drain": Mode("drain: a backlog, then one consumer", None, "drain", "drain"),
    "e2e": Mode("end to end, one publish in flight", "one", "e2e", "e2e-many"),
    "e2e-many": Mode(f"end to end, published in batches of {BATCH}", "many", "e2e", "e2e-many"),
    "latency": Mode(f"latency at {LATENCY_RATE:.0f} msg/s, publish to start of the handler", "paced", "latency", None),
}


@dataclass(frozen=True)
class Peer:
    """A library, or one way of using it.

    Args:
        module: in peers/.
        needs: what must be importable.
        counts: mode -> messages, for about a second; a mode that is missing it does not offer.
        batch: see Job.
        acknowledges: False = a crash loses what it had taken.
    """

    name: str
    module: str
    needs: str
    counts: Mapping[str, int]
    batch: int = 1
    acknowledges: bool = True

    @property
    def fill(self) -> How:
        """The fastest way it has to write a backlog."""
        if "publish-many" in self.counts or "e2e-many" in self.counts:
            return "many"
        return "64" if "publish-64" in self.counts else "one"


_PACED = {"latency": round(LATENCY_RATE * LATENCY_S)}
PEERS = (
    Peer(
        "raw-b1", "raw_redis", "redis",
        {"publish": 10_000, "publish-64": 10_000, "drain": 8_000, "e2e": 4_000} | _PACED,
    ),
    Peer("raw-b100", "raw_redis", "redis", {"publish-many": 40_000, "drain": 50_000, "e2e-many": 30_000}, BATCH),
    Peer("floor", "floor", "hiredis", {"publish-64": 30_000, "publish-many": 40_000}, acknowledges=False),
    Peer(
        "faststream", "fast_stream", "faststream",
        {"publish": 8_000, "publish-64": 8_000, "publish-many": 10_000}
        | {"drain": 5_000, "e2e": 3_000, "e2e-many": 3_000} | _PACED,
    ),
    Peer("faststream-b100", "fast_stream", "faststream", {"drain": 30_000, "e2e": 4_000, "e2e-many": 15_000}, BATCH),
    Peer(
        "taskiq", "taskiq_stream", "taskiq_redis",
        {"publish": 4_000, "publish-64": 4_000, "drain": 3_000, "e2e": 2_000} | _PACED,
    ),
    Peer("huey", "huey_thread", "huey", {"publish": 10_000, "drain": 6_000, "e2e": 4_000} | _PACED, acknowledges=False),
    Peer(
        "aqe", "aqe_bus", "aqe",
        {"publish": 10_000, "publish-64": 20_000, "publish-many": 30_000}
        | {"drain": 30_000, "e2e": 5_000, "e2e-many": 20_000} | _PACED,
    ),
)  # fmt: skip
RAW, RAW_BATCH, OURS = "raw-b1", "raw-b100", "aqe"


class Bar(NamedTuple):
    """At least `factor` times the base; for latency at most.

    Args:
        base: a peer, or BEST.
    """

    factor: float
    base: str


BEST = "best peer that acknowledges"


class Goal(NamedTuple):
    """A line of the table in issue 3.

    Args:
        value: `per_s`, or a quantile of the latency.
    """

    mode: str
    value: str
    must: Bar
    aim: Bar | None


GOALS = (
    Goal("publish", "per_s", Bar(0.9, RAW), Bar(2, RAW)),
    Goal("publish-64", "per_s", Bar(4, RAW), Bar(8, RAW)),
    Goal("publish-many", "per_s", Bar(4, RAW), Bar(8, RAW)),
    Goal("drain", "per_s", Bar(3.5, RAW), Bar(0.5, RAW_BATCH)),
    Goal("e2e", "per_s", Bar(2, BEST), Bar(0.5, RAW_BATCH)),
    Goal("e2e-many", "per_s", Bar(2, BEST), Bar(0.5, RAW_BATCH)),
    Goal("latency", "p50", Bar(1.25, RAW), Bar(1, RAW)),
    Goal("latency", "p99", Bar(2, RAW), None),
)

"""Faults between a client and what it depends on: what the fault proxy does, to which requests, and when."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from .base import Record
from .production.scenarios import Fault

FaultKind = Literal["latency", "timeout", "reset", "bandwidth", "slow-close", "error", "truncate", "refuse"]
NEEDS_VALUE: Mapping[str, str] = {
    "latency": "milliseconds",
    "bandwidth": "bytes a second",
    "slow-close": "milliseconds",
}
"""Kinds that mean nothing without `value`, and its unit."""
HTTP_ONLY = frozenset({"error"})


class FaultRule(Record):
    """One fault of one proxy.

    What a kind does, and what `value` is:

    - `latency`: the answer waits `value` ms longer, up to `jitter_ms` more or less.
    - `timeout`: the request is taken and never answered; the connection is closed after `value` ms, if given.
    - `reset`: the connection is reset (TCP RST) in place of an answer.
    - `bandwidth`: the answer flows at `value` bytes a second.
    - `slow-close`: the connection stays open `value` ms after the answer, and then closes.
    - `error`: answered with status `value` (503 unless given) in place of the upstream.
    - `truncate`: the body ends after `value` bytes (half of what is announced, else none, unless given) and the
      connection is closed.
    - `refuse`: nobody listens: connections are refused. Of the whole proxy, so it takes neither share nor route.

    Several may hit one request: their delays add up; of `timeout`, `reset` and `error` the first listed wins.
    """

    kind: FaultKind
    value: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    jitter_ms: float = Field(default=0, ge=0, allow_inf_nan=False)
    share: float = Field(default=1.0, ge=0, le=1)
    """Of the requests (HTTP) or connections (TCP) that match."""
    method: str | None = None
    """HTTP method; None = any."""
    path: str | None = None
    """Prefix of the HTTP path; None = any."""
    from_s: float = Field(default=0, ge=0)
    """Seconds after the proxy's start."""
    to_s: float | None = Field(default=None, gt=0)
    """None = to the end."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.value is None and self.kind in NEEDS_VALUE:
            raise ValueError(f"{self.kind} needs value, in {NEEDS_VALUE[self.kind]}")
        if self.kind == "bandwidth" and not self.value:
            raise ValueError("bandwidth needs a value above 0; timeout lets nothing through")
        if self.kind == "error" and not 200 <= (self.value or 503) <= 599:
            raise ValueError("the status of an error is from 200 to 599")
        if self.kind == "refuse" and (self.share < 1 or self.method or self.path):
            raise ValueError("refuse closes the door for all: it takes neither share nor route")
        if self.jitter_ms and self.kind != "latency":
            raise ValueError("only latency takes jitter_ms")
        if self.to_s is not None and self.to_s <= self.from_s:
            raise ValueError("to_s must be after from_s")
        return self

    def active(self, elapsed_s: float) -> bool:
        """Whether the schedule has it at work, so many seconds after the start."""
        return self.from_s <= elapsed_s and (self.to_s is None or elapsed_s < self.to_s)


class ProxyPlan(Record):
    """One proxy: where it listens, whom it asks, what goes wrong."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")
    listen: str = "127.0.0.1:0"
    """`ADDRESS:PORT`; port 0 takes a free one."""
    target: str | None = None
    """`http://host:port` for requests, `host:port` for connections; None = the proxy answers all 200 by itself."""
    answer: str = "{}"
    """Body of the proxy's own answers, JSON."""
    faults: tuple[FaultRule, ...] = ()

    @field_validator("target")
    @classmethod
    def _can_be_reached(cls, target: str | None) -> str | None:
        if target is not None and target.startswith("https://"):
            raise ValueError("there is no TLS here: no HOST:PORT or http://HOST:PORT")
        if target is not None:
            address(target.removeprefix("http://").removesuffix("/"))
        return target

    @field_validator("listen")
    @classmethod
    def _can_be_listened_on(cls, listen: str) -> str:
        address(listen, least_port=0)
        return listen

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for rule in self.faults:
            if not self.is_http and (rule.kind in HTTP_ONLY or rule.method or rule.path):
                raise ValueError(f"{rule.kind} with a route or status is for HTTP: write target as http://HOST:PORT")
        return self

    @property
    def is_http(self) -> bool:
        """Requests are looked at one by one; else connections as a whole."""
        return self.target is None or self.target.startswith("http://")


class FaultPlan(Record):
    """All proxies of one process; what `aqe fault-proxy --config` reads."""

    seed: int = 0
    proxies: tuple[ProxyPlan, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [proxy.name for proxy in self.proxies]
        if len(set(names)) < len(names):
            raise ValueError(f"two proxies have one name: {', '.join(sorted(names))}")
        return self


def rule_of(fault: Fault) -> FaultRule:
    """The rule for a condition of a scenario."""
    return FaultRule(kind=fault.kind, value=fault.value, jitter_ms=fault.jitter_ms or 0, share=fault.share)


def address(text: str, *, least_port: int = 1) -> tuple[str, int]:
    """Host and port of `host:port`; an IPv6 address stands in brackets.

    Raises:
        ValueError: it is none.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not least_port <= int(port) <= 65_535:
        raise ValueError(f"{text!r} is no HOST:PORT")
    return host.strip("[]"), int(port)

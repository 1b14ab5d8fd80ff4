"""Prometheus: one PromQL query a metric and arm, by instant queries.

A query may name `{arm}`, which is filled in with what the arm is called in the labels. Counters are read as they are,
so that what is counted does not depend on a rate's window.
https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import asyncio
import http.client
import json
import math
import urllib.error
import urllib.parse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ...core.errors import ServiceUnavailable
from ...core.masking import mask_text
from ...core.records.rollouts.rollout import ArmReading, Measured
from ..attempts import Attempts
from ..line import Line

MAX_ANSWER_BYTES = 20_000_000
"""10,000 points are half a megabyte."""
COUNTERS = ("requests", "errors", "slow")
PER_ARM = (*COUNTERS, "latency_p95_ms", "up")
"""Queries that are asked once for each arm; so are others that name `{arm}`, and all others once."""


class PrometheusSource:
    """A core/ports.MetricSource.

    Args:
        url: of the server, `http://HOST:9090`.
        queries: name -> PromQL; `requests` and `errors` at least.
        canary, baseline: what `{arm}` stands for.
        timeout_s: for all of a look.
    """

    def __init__(
        self, url: str, queries: Mapping[str, str], *, canary: str, baseline: str, timeout_s: float = 5.0
    ) -> None:
        self._url = url.rstrip("/")
        self._queries = dict(queries)
        self._arms = {"canary": canary, "baseline": baseline}
        self._timeout_s = timeout_s
        self._attempts = Attempts(timeout_s, f"Prometheus at {mask_text(self._url)}")

    async def read(self) -> Measured:
        """Ask all queries at once; one that has no answer is not measured."""
        asked = self._asked()
        bodies = await asyncio.gather(*(self._answer("query", query) for _, _, query in asked))
        answers = [_value(body, query) for body, (_, _, query) in zip(bodies, asked, strict=True)]
        return measured_of(
            {(arm, name): value for (arm, name, _), value in zip(asked, answers, strict=True) if value is not None}
        )

    async def recorded(self, since: datetime, until: datetime, step_s: float) -> list[tuple[datetime, Measured]]:
        """What all queries were, every `step_s` seconds from `since` to `until`; raises like `read`."""
        asked = self._asked()
        window = {"start": since.timestamp(), "end": until.timestamp(), "step": step_s}
        bodies = await asyncio.gather(*(self._answer("query_range", query, **window) for _, _, query in asked))
        answers = [_points(body, query) for body, (_, _, query) in zip(bodies, asked, strict=True)]
        at: dict[float, dict[tuple[str, str], float]] = {}
        for (arm, name, _), points in zip(asked, answers, strict=True):
            for moment, value in points:
                at.setdefault(moment, {})[arm, name] = value
        return [(datetime.fromtimestamp(moment, UTC), measured_of(found)) for moment, found in sorted(at.items())]

    def _asked(self) -> list[tuple[str, str, str]]:
        """Arm, name and PromQL of every question; no arm for what is asked once."""
        per_arm = [
            (arm, name, query.replace("{arm}", called))
            for arm, called in self._arms.items()
            for name, query in self._queries.items()
            if is_per_arm(name, query)
        ]
        return [*per_arm, *(("", name, query) for name, query in self._queries.items() if not is_per_arm(name, query))]

    async def _answer(self, call: str, query: str, **more: float) -> Any:
        line = Line()
        return await self._attempts.run(lambda: self._get(line, call, query, **more), line.cut)

    def _get(self, line: Line, call: str, query: str, **more: float) -> Any:
        address = f"{self._url}/api/v1/{call}?{urllib.parse.urlencode({'query': query, **more})}"
        try:
            with line.opener().open(address, timeout=self._timeout_s) as answer:
                text = answer.read(MAX_ANSWER_BYTES + 1)
        except urllib.error.HTTPError as error:
            said = _said(error.read(MAX_ANSWER_BYTES)) or error.reason
            raise ServiceUnavailable(f"Prometheus refuses {query!r}: {said}") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = mask_text(str(getattr(error, "reason", None) or error))
            raise ServiceUnavailable(f"Prometheus does not answer: {reason}") from error
        if len(text) > MAX_ANSWER_BYTES:
            raise ServiceUnavailable("Prometheus does not answer: its answer is too long")
        try:
            body = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ServiceUnavailable(
                f"Prometheus answers {query!r} with something else than JSON", hint="is this its address?"
            ) from error
        if isinstance(body, dict) and body.get("status") == "error":  # with 200, from a proxy before it
            raise ServiceUnavailable(f"Prometheus refuses {query!r}: {_said(text)}")
        return body


def _points(body: Any, query: str) -> list[tuple[float, float]]:
    """Times and numbers of the one series of an answer."""
    try:
        series = body["data"]["result"]
        points = [(float(at), float(value)) for one in series for at, value in one["values"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ServiceUnavailable(f"Prometheus answers {query!r} with something else") from error
    _check_one(series, query)
    return [(at, value) for at, value in points if math.isfinite(value)]


def _said(body: bytes) -> str:
    try:
        return mask_text(str(json.loads(body).get("error", "")))[:200]
    except (ValueError, AttributeError, RecursionError):
        return ""


def _value(body: Any, query: str) -> float | None:
    """The one number of an answer; nothing, or no number, is not measured."""
    try:
        data = body["data"]
        samples = [data["result"]] if data["resultType"] == "scalar" else [r["value"] for r in data["result"]]
        value = float(samples[0][1]) if samples else math.nan
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ServiceUnavailable(f"Prometheus answers {query!r} with something else") from error
    _check_one(samples, query)
    return value if math.isfinite(value) else None


def _check_one(series: Sequence[Any], query: str) -> None:
    if len(series) > 1:
        raise ServiceUnavailable(f"{query!r} has {len(series)} series, expected one: sum(...) makes it one")


def is_per_arm(name: str, query: str) -> bool:
    """True when a query is asked once for each arm."""
    return name in PER_ARM or "{arm}" in query


def measured_of(found: Mapping[tuple[str, str], float]) -> Measured:
    """What was found, by arm and name; the arm of what is of none is empty."""

    def own(*arms: str) -> dict[str, float]:
        return {name: value for (arm, name), value in found.items() if arm in arms and name not in PER_ARM}

    return Measured(
        canary=_reading("canary", found),
        baseline=_reading("baseline", found),
        metrics=own("", "canary"),
        baseline_metrics=own("baseline"),
    )


def _reading(arm: str, found: Mapping[tuple[str, str], float]) -> ArmReading:
    up = found.get((arm, "up"))
    # A counter below 0 is a query gone wrong (a difference, a rate of decrease): it measures nothing.
    counters = {name: value if (value := found.get((arm, name), -1.0)) >= 0 else None for name in COUNTERS}
    latency = found.get((arm, "latency_p95_ms"))
    return ArmReading(**counters, latency_p95_ms=latency, up=None if up is None else up > 0)

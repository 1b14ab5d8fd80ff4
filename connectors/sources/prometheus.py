"""Prometheus: one PromQL query a metric and arm, by instant queries.

A query may name `{arm}`, which is filled in with what the arm is called in the labels. Counters are read as they are,
so that what is counted does not depend on a rate's window.
https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import asyncio
import json
import math
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from ...core.errors import ServiceUnavailable
from ...core.masking import mask_text
from ...core.records.rollout import ArmReading, Measured

MAX_ANSWER_BYTES = 1_000_000
PER_ARM = ("requests", "errors", "slow", "latency_p95_ms", "up")
"""Queries that are asked once for each arm; all others once."""


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

    async def read(self) -> Measured:
        """Ask all queries at once; one that has no answer is not measured."""
        asked = [
            (arm, name, query.replace("{arm}", called))
            for arm, called in self._arms.items()
            for name, query in self._queries.items()
            if name in PER_ARM
        ]
        asked += [("", name, query) for name, query in self._queries.items() if name not in PER_ARM]
        answers = await asyncio.gather(*(asyncio.to_thread(self._ask, query) for _, _, query in asked))
        found = {(arm, name): value for (arm, name, _), value in zip(asked, answers, strict=True) if value is not None}
        own = {name: value for (arm, name), value in found.items() if not arm}
        return Measured(canary=_reading("canary", found), baseline=_reading("baseline", found), metrics=own)

    def _ask(self, query: str) -> float | None:
        address = f"{self._url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with urllib.request.urlopen(address, timeout=self._timeout_s) as answer:
                body = json.loads(answer.read(MAX_ANSWER_BYTES))
        except urllib.error.HTTPError as error:
            said = _said(error.read(MAX_ANSWER_BYTES)) or error.reason
            raise ServiceUnavailable(f"Prometheus refuses {query!r}: {said}") from error
        except (OSError, ValueError) as error:
            reason = mask_text(str(getattr(error, "reason", None) or error))
            raise ServiceUnavailable(f"Prometheus does not answer: {reason}") from error
        return _value(body, query)


def _said(body: bytes) -> str:
    try:
        return str(json.loads(body).get("error", ""))[:200]
    except (ValueError, AttributeError):
        return ""


def _value(body: Any, query: str) -> float | None:
    """The one number of an answer; nothing, or no number, is not measured."""
    try:
        data = body["data"]
        samples = [data["result"]] if data["resultType"] == "scalar" else [r["value"] for r in data["result"]]
    except (KeyError, TypeError) as error:
        raise ServiceUnavailable(f"Prometheus answers {query!r} with something else") from error
    if len(samples) > 1:
        raise ServiceUnavailable(f"{query!r} has {len(samples)} series, expected one: sum(...) makes it one")
    value = float(samples[0][1]) if samples else math.nan
    return value if math.isfinite(value) else None


def _reading(arm: str, found: Mapping[tuple[str, str], float]) -> ArmReading:
    counters = {name: found.get((arm, name)) for name in ("requests", "errors", "slow", "latency_p95_ms")}
    up = found.get((arm, "up"))
    return ArmReading(**counters, up=None if up is None else up > 0)

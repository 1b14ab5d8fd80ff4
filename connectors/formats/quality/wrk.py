"""What wrk and wrk2 print. Percentiles stand in it only with --latency; answers above 399 and broken sockets failed."""

import re
from typing import IO

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import EMPTY_FILE, clean
from ..load_tests import METRICS, load_test

_WHAT = "wrk"
_MAX_BYTES = 1 << 20
"""Its report has some twenty lines; scripts may print more."""
_BEGINS = re.compile(r"Running [\d.]+\w+ test @ ")
_REQUESTS = re.compile(r"^\s*(\d{1,15}) requests in ", re.MULTILINE)
_PERCENTILE = re.compile(r"^\s*(50|95|99)(?:\.0+)?%\s+([\d.]{1,20})(us|ms|s|m)\b", re.MULTILINE)
_RATE = re.compile(r"^Requests/sec:\s*([\d.]{1,20})\s*$", re.MULTILINE)
_STATUS_ERRORS = re.compile(r"^\s*Non-2xx or 3xx responses: (\d{1,15})\s*$", re.MULTILINE)
_SOCKET_ERRORS = re.compile(
    r"^\s*Socket errors: connect (\d{1,15}), read (\d{1,15}), write (\d{1,15}), timeout (\d{1,15})", re.MULTILINE
)
_TO_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


class Wrk:
    """wrk's report -> performance."""

    name = "wrk"
    produces: tuple[str, ...] = (SignalKind.PERFORMANCE.value,)
    about = About(
        title="Report of wrk",
        producers="wrk, wrk2",
        versions="wrk 4, wrk2",
        recognised_by="a first line `Running 30s test @ URL`",
        fields="requests, Requests/sec, Latency Distribution 50%, 95% and 99%, Socket errors, Non-2xx or 3xx responses",
        metrics=tuple(name for name in METRICS if name != "p95_latency_ms"),
        sample=Sample.REAL,
        how_to_export="wrk --latency -t4 -c64 -d30s URL > wrk.txt",
    )

    def recognises(self, head: Head) -> bool:
        """By the first line."""
        return _BEGINS.match(head.first_line) is not None

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Read the figures."""
        text = stream.read(_MAX_BYTES).decode("utf-8-sig", "replace").replace("\r\n", "\n").strip()
        if not text:
            return EMPTY_FILE
        if not _BEGINS.match(text):
            raise InputError(f"{_WHAT}: it begins with {clean(text, 40)!r}, expected 'Running 30s test @ URL'")
        requests, rate = _REQUESTS.search(text), _RATE.search(text)
        if requests is None or rate is None:
            raise InputError(f"{_WHAT}: no `requests in` or no `Requests/sec`: it was stopped before its end")
        count, answered = int(requests[1]), int(found[1]) if (found := _STATUS_ERRORS.search(text)) else 0
        broken = sum(map(int, found.groups())) if (found := _SOCKET_ERRORS.search(text)) else 0
        latencies = {int(percent): float(ms) * _TO_MS[unit] for percent, ms, unit in _PERCENTILE.findall(text)}
        notes = () if "Latency Distribution" in text else ("no percentiles in it: run wrk with --latency",)
        # A request that timed out is not among those that were answered.
        return load_test(
            "wrk",
            requests=count + broken,
            failed_share=(answered + broken) / (count + broken) if count + broken else None,
            percentiles=latencies,
            throughput_rps=float(rate[1]),
            notes=notes,
        )

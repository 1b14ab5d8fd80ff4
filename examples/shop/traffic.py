"""Drives the shop with realistic HTTP traffic and says how it answered.

    python traffic.py --base-url http://127.0.0.1:8081 --seconds 5 --rate-rps 60 --seed 7 --json

Visitors browse, search, look at products, fill carts and order (visits.py); with `--customers SHARE` some have an
account and make mistakes (customers.py). Each draws from its own random stream, so that the same seed against the same
shop makes the same requests as long as the shop keeps up with the rate. `--record FILE.har` keeps what was asked and
answered. Standard library only.
Goes to this machine alone: a load generator that can be pointed anywhere is a weapon.
"""

import argparse
import http.client
import ipaddress
import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import blake2s
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import customers
import har
from visits import Answer, Request, Visit, visit

EXIT_DRIVEN = 0
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3

# How many visitors are in the shop at a time; each sends its next request only after the answer to the last one.
VISITORS = 8

# A request without an answer for so long, in seconds, counts as an error.
TIMEOUT_S = 10.0

USER_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.6 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
)


@dataclass
class Tally:
    """What one visitor, or all together, saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count another one's in."""
        self.statuses += other.statuses
        self.latencies_ms += other.latencies_ms


@dataclass(frozen=True)
class Summary:
    """The result. An error is a 5xx or no answer; a 4xx is the visitor's mistake and counted apart.

    Shares are 0 to 1, and like the percentiles None when nothing was sent. Latency is from the sending of a request to
    the end of its answer, as its visitor saw it.
    """

    base_url: str
    seed: int
    seconds: float
    rate_rps: float
    achieved_rps: float
    requests: int
    errors: int
    error_share: float | None
    client_errors: int
    p50_ms: float | None
    p95_ms: float | None
    statuses: dict[str, int]


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that `percent` (above 0, to 100) of all do not exceed (nearest rank); None without values.

    >>> percentile([4, 1, 3, 2], 50), percentile([4, 1, 3, 2], 95), percentile([], 50)
    (2, 4, None)
    """
    if not values:
        return None
    return sorted(values)[math.ceil(percent / 100 * len(values)) - 1]


def loopback_address(base_url: str) -> tuple[str, int]:
    """Host and port of `http://HOST[:PORT]`.

    Raises:
        ValueError: another scheme, a path or query, or a host that is not this machine.
    """
    parts = urlsplit(base_url)
    if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError(f"base URL is {base_url!r}, expected http://HOST:PORT")
    try:
        loopback = ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        loopback = parts.hostname == "localhost"
    if not loopback:
        raise ValueError(f"base URL names the host {parts.hostname!r}; only this machine (127.0.0.1) may be driven")
    return parts.hostname, parts.port or 80


class Visitor:
    """One visitor after the other on one connection, which sends at given times."""

    def __init__(
        self,
        address: tuple[str, int],
        seed: int,
        number: int,
        users: int,
        record: list[dict[str, Any]] | None = None,
        customer_share: float = 0.0,
    ) -> None:
        # Not for secrets: a repeatable stream is the point.
        self._rng = random.Random(f"{seed}/{number}")  # noqa: S311
        self._connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_S)
        self._users = users
        self._customer_share = customer_share
        self._base_url = "http://{}:{}".format(*address)
        self._record = record
        self._visit: Visit | None = None
        self._answer = Answer(0)
        self._headers: dict[str, str] = {}
        self.tally = Tally()

    def _next(self) -> Request:
        if self._visit is not None:
            try:
                return self._visit.send(self._answer)
            except StopIteration:
                pass
        user = self._rng.randrange(self._users)
        self._headers = {
            "X-User-Id": "u" + blake2s(str(user).encode(), digest_size=6).hexdigest(),
            "User-Agent": USER_AGENTS[user % len(USER_AGENTS)],
            "Content-Type": "application/json",
        }
        is_customer = self._customer_share > 0 and self._rng.random() < self._customer_share
        self._visit = customers.visit(self._rng) if is_customer else visit(self._rng)
        return next(self._visit)

    def send_one(self) -> None:
        """Send the visitor's next request, wait for the answer and count it."""
        request = self._next()
        started = time.perf_counter()
        self._answer = self._exchange(request)
        self.tally.latencies_ms.append((time.perf_counter() - started) * 1000)
        self.tally.statuses[self._answer.status] += 1

    def _exchange(self, request: Request) -> Answer:
        body = request.body if request.body is None or isinstance(request.body, str) else json.dumps(request.body)
        headers = {**self._headers, **request.headers}
        began = datetime.now(UTC)
        try:
            self._connection.request(request.method, request.path, body, headers)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            # The next request opens a new connection.
            self._connection.close()
            return Answer(0)
        if self._record is not None:
            self._keep(request, headers, body, began, response, text.decode("utf-8", "replace"))
        try:
            return Answer(response.status, json.loads(text))
        except ValueError:
            return Answer(response.status)

    def _keep(
        self,
        request: Request,
        headers: dict[str, str],
        body: str | None,
        began: datetime,
        response: http.client.HTTPResponse,
        text: str,
    ) -> None:
        exchange = har.entry(
            began,
            (datetime.now(UTC) - began).total_seconds() * 1000,
            method=request.method,
            url=self._base_url + request.path,
            headers=headers,
            body=body,
            status=response.status,
            reason=response.reason,
            answered_headers=response.getheaders(),
            answer=text,
        )
        if self._record is not None:
            self._record.append(exchange)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def _run(visitor: Visitor, first_at: float, every_s: float, end_at: float) -> None:
    turn_at = first_at
    while turn_at < end_at:
        time.sleep(max(0.0, turn_at - time.perf_counter()))
        if time.perf_counter() >= end_at:
            break
        visitor.send_one()
        turn_at += every_s
    visitor.close()


def _require_healthy_shop(base_url: str, address: tuple[str, int]) -> None:
    probe = http.client.HTTPConnection(*address, timeout=TIMEOUT_S)
    try:
        probe.request("GET", "/health")
        status = probe.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise ConnectionError(f"nothing answers at {base_url}: {error}") from error
    finally:
        probe.close()
    if status != 200:
        raise ConnectionError(f"{base_url}/health answers {status}, expected 200: is this the shop, and is it well?")


def drive(
    base_url: str,
    *,
    seconds: float,
    rate_rps: float,
    seed: int,
    users: int = 40,
    record: Path | None = None,
    customer_share: float = 0.0,
) -> Summary:
    """Send `seconds * rate_rps` requests, evenly spread, as `users` different people.

    When the shop is slower than that, visitors wait for their answers and fewer requests are sent; `achieved_rps`
    shows it. What was asked and answered goes into the archive `record`. Of the visits, `customer_share` (0 to 1) are
    those of people with an account.

    Raises:
        ValueError: see `loopback_address`.
        ConnectionError: no healthy shop answers at `base_url`.
        OSError: the archive can not be written.
    """
    address = loopback_address(base_url)
    _require_healthy_shop(base_url, address)
    exchanges: list[dict[str, Any]] | None = None if record is None else []
    visitors = [Visitor(address, seed, number, users, exchanges, customer_share) for number in range(VISITORS)]
    started_at = time.perf_counter()
    with ThreadPoolExecutor(VISITORS) as pool:
        runs = [
            pool.submit(_run, visitor, started_at + number / rate_rps, VISITORS / rate_rps, started_at + seconds)
            for number, visitor in enumerate(visitors)
        ]
    for run in runs:
        run.result()
    elapsed_s = time.perf_counter() - started_at
    if record is not None and exchanges is not None:
        har.write(record, "traffic.py", exchanges)
    return _summary(visitors, elapsed_s, base_url=base_url, seed=seed, seconds=seconds, rate_rps=rate_rps)


def _summary(
    visitors: Sequence[Visitor], elapsed_s: float, *, base_url: str, seed: int, seconds: float, rate_rps: float
) -> Summary:
    """All visitors' tallies as one, beside what was asked for."""
    total = Tally()
    for visitor in visitors:
        total.add(visitor.tally)
    requests = total.statuses.total()
    errors = sum(number for status, number in total.statuses.items() if status == 0 or status >= 500)
    return Summary(
        base_url=base_url,
        seed=seed,
        seconds=seconds,
        rate_rps=rate_rps,
        achieved_rps=round(requests / elapsed_s, 1),
        requests=requests,
        errors=errors,
        error_share=errors / requests if requests else None,
        client_errors=sum(number for status, number in total.statuses.items() if 400 <= status < 500),
        p50_ms=percentile(total.latencies_ms, 50),
        p95_ms=percentile(total.latencies_ms, 95),
        statuses={str(status): total.statuses[status] for status in sorted(total.statuses)},
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def _users(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} users: expected 1 or more")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 1")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; the exit code: 0 driven (errors included), 2 wrong usage, 3 no healthy shop there."""
    parser = argparse.ArgumentParser(description="Drive the shop with realistic traffic, on this machine only.")
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--seconds", type=_positive, default=5.0)
    parser.add_argument("--rate-rps", type=_positive, default=60.0, help="requests a second, all visitors together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--users", type=_users, default=40, help="how many different people visit")
    parser.add_argument(
        "--customers", type=_share, default=0.0, metavar="SHARE", help="of the visits, 0 to 1: people with an account"
    )
    parser.add_argument("--record", type=Path, metavar="FILE.har", help="keep what was asked and answered")
    parser.add_argument("--json", action="store_true", help="the summary as JSON on stdout")
    flags = parser.parse_args(argv)
    try:
        summary = drive(
            flags.base_url,
            seconds=flags.seconds,
            rate_rps=flags.rate_rps,
            seed=flags.seed,
            users=flags.users,
            record=flags.record,
            customer_share=flags.customers,
        )
    except ValueError as error:
        print(f"traffic: {error}", file=sys.stderr)
        return EXIT_USAGE
    except ConnectionError as error:
        print(f"traffic: {error}", file=sys.stderr)
        return EXIT_UNREACHABLE
    except OSError as error:
        print(f"traffic: {flags.record}: {error.strerror}", file=sys.stderr)
        return EXIT_USAGE
    if flags.json:
        print(json.dumps(asdict(summary), indent=2))
    else:
        for name, value in asdict(summary).items():
            print(f"{name}: {value}")
    return EXIT_DRIVEN


if __name__ == "__main__":
    sys.exit(main())

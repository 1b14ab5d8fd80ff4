"""LoadTest -> a Locust file whose arrivals follow the record (an open model), although Locust's users wait for answers.

The users are senders that share one schedule: each takes the next arrival, sleeps until it is due and sends it. As long
as one is free the rate does not depend on the answers, which is how k6's arrival-rate executors work, too. Laid out as
ruff and black do it by default.
"""

from collections.abc import Iterator
from math import ceil

from ..core.records.production.load_test import LoadTest
from .derived import wrapped
from .literals import python, python_prose
from .load_words import BODY_METHODS, DATA_ENV, GOLDEN, IDS

_WIDTH = 88
LEAST_SENDERS, MAX_SENDERS = 10, 1_000
"""Users: more than a thousand of them one process does not serve."""
WORST_S = 2
"""Response time up to which the arrivals keep their rate, if so many senders are allowed."""

_HEAD = """
import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gevent
from locust import FastHttpUser, LoadTestShape, events, task
from locust.exception import StopUser
from locust.runners import LocalRunner

TARGET = os.environ.get("AQE_TARGET_URL", "").rstrip("/")
TIMEOUT_S = 30
# An arrival that is sent later than this is late; more of them than this share, and the
# load was not the one asked for.
LATE_S, MOST_LATE = 1.0, 0.01
"""
_CODE = '''

class Schedule:
    """When which request is due; all senders draw from it."""

    def __init__(self) -> None:
        """Begins now."""
        self.counts: Counter[str] = Counter()
        self._arrivals = arrivals()
        self._began = time.monotonic()

    def wait_for_next(self) -> int | None:
        """Sleep until the next arrival; its number, None after the last."""
        number, due = next(self._arrivals, (None, 0.0))
        if number is not None:
            ahead = self._began + due - time.monotonic()
            self.counts["late"] += ahead < -LATE_S
            gevent.sleep(max(0.0, ahead))
        return number


def arrivals() -> Iterator[tuple[int, float]]:
    """Number and time of each request, seconds after the begin.

    Arrival n comes when the area under the rate reaches n + 1/2: evenly, not by chance.
    """
    number, begin, area, rate = 0, 0.0, 0.0, START_RPS
    for seconds, end_rate in STAGES:
        whole = area + (rate + end_rate) / 2 * seconds
        slope = (end_rate - rate) / seconds if seconds else 0.0
        while number + 0.5 < whole:
            # The smaller root of slope/2 x^2 + rate x = missing, also where slope is 0.
            missing = number + 0.5 - area
            root = sqrt(max(0.0, rate * rate + 2 * slope * missing))
            yield number, begin + 2 * missing / (rate + root)
            number += 1
        begin, area, rate = begin + seconds, whole, end_rate


def drawn(number: int) -> tuple[float, str, str, str]:
    """The endpoint of an arrival.

    Multiples of the golden ratio fill 0 to 1 evenly: any stretch of the run has the
    mix, not only the whole of it.
    """
    at = number * GOLDEN % 1
    for request in REQUESTS:
        at -= request[0]
        if at < 0:
            return request
    return REQUESTS[0]


schedule = Schedule()


class Sender(FastHttpUser):
    """Sends arrivals, one after the other."""

    host = TARGET
    network_timeout = connection_timeout = TIMEOUT_S

    @task
    def send(self) -> None:
        """The next one."""
        number = schedule.wait_for_next()
        if number is None:
            raise StopUser
        _, name, method, path = drawn(number)
        for slot, ids in IDS.items():
            path = path.replace(f"{{{slot}}}", quote(ids[number % len(ids)], safe=""))
        more: dict[str, Any] = {"json": BODIES[name]} if name in BODIES else {}
        with self.client.request(
            method, path, name=name, allow_redirects=False, catch_response=True, **more
        ) as response:
            status = response.status_code
            schedule.counts["refused"] += 400 <= status < 500
            if 0 < status < 500:
                # 4xx is what the client did wrong; failures are 5xx and no answer.
                response.success()


class Recorded(LoadTestShape):
    """As many senders as the schedule may need, until all was sent."""

    def tick(self) -> tuple[int, float] | None:
        """Users and how many of them may start a second."""
        after = self.get_run_time() - sum(seconds for seconds, _ in STAGES)
        if after > TIMEOUT_S or (after > 0 and not self.get_current_user_count()):
            return None
        return SENDERS, 100.0


@events.init.add_listener
def check(environment: Any, **_: Any) -> None:
    """What cannot work is told before anything is sent."""
    if not TARGET.startswith(("http://", "https://")):
        sys.exit(
            f"AQE_TARGET_URL is {TARGET!r}, expected the base URL of the service,"
            " such as http://127.0.0.1:8000"
        )
    if type(environment.runner) is not LocalRunner:
        sys.exit("run it in one process: each worker would send all of the schedule")


@events.test_start.add_listener
def begin(**_: Any) -> None:
    """The schedule counts from here."""
    global schedule
    schedule = Schedule()


@events.quitting.add_listener
def judge(environment: Any, **_: Any) -> None:
    """Exit code 1 when a limit is broken, and a line for each."""
    lines = list(broken(environment.stats))
    for line in lines:
        logging.error(line)
    environment.process_exit_code = 1 if lines else 0


def broken(stats: Any) -> Iterator[str]:
    """Limits that the run did not keep; Locust rounds response times to two digits."""
    sent = stats.total.num_requests
    if schedule.counts["late"] > MOST_LATE * sent:
        yield f"{schedule.counts['late']} of {sent} requests were sent late"
    methods = {name: method for _, name, method, _ in REQUESTS}
    for figure, name, most in LIMITS:
        of = stats.get(name, methods[name]) if name else stats.total
        if not of.num_requests:
            continue
        if figure == "errors":
            found = of.fail_ratio
        elif figure == "refused":
            found = schedule.counts["refused"] / of.num_requests
        else:
            found = of.get_response_time_percentile(int(figure[1:]) / 100)
        if found > most:
            where = name or "all requests"
            yield f"{where}: {figure} is {found:g}, expected {most:g} at most"
'''.replace("GOLDEN", GOLDEN)


class LocustTarget:
    """Load tests for Locust."""

    name = "locust"
    language = "python"

    def file_name(self, test: LoadTest) -> str:
        """`load_busiest_day_locust.py`."""
        return f"load_{test.name}_locust.py"

    def render(self, test: LoadTest) -> str:
        """The file's text; see LoadTarget."""
        return (
            "\n".join(_docstring(test, self.file_name(test))) + "\n" + _HEAD + "\n".join(_tables(test)) + "\n" + _CODE
        )


def _docstring(test: LoadTest, file: str) -> Iterator[str]:
    title, *rest = wrapped(f'"""Load test: {python_prose(test.title)}.', _WIDTH)
    yield from (title, *rest, "")
    for paragraph in (
        f"Written by aqe from what production did. {test.derived}",
        *test.notes,
        "Locust's users wait for answers (a closed model). Here they are senders that share one schedule, so that the"
        " rate of arrivals does not depend on the answers as long as a sender is free (an open model); late ones are"
        " counted.",
    ):
        yield from (*wrapped(python_prose(paragraph), _WIDTH), "")
    yield "Run and judge it:"
    yield "    AQE_TARGET_URL=http://127.0.0.1:8000 locust --headless --only-summary \\\\"
    yield f"        --csv load -f {file}"
    yield "    aqe import load_stats.csv && aqe deploy assess"
    yield '"""'


def _tables(test: LoadTest) -> Iterator[str]:
    senders = min(MAX_SENDERS, max(LEAST_SENDERS, test.in_flight, ceil(test.peak_rps * WORST_S)))
    law = f"Little's law: {test.in_flight_because}: {test.in_flight:,} at the same time."
    yield from _comment(f"{law} So many senders are enough for answers that take {senders / test.peak_rps:.3g} s.")
    yield f"SENDERS = {senders}"
    yield from _comment("Seconds, and the requests a second at their end.")
    yield f"START_RPS = {python(round(test.start_rps, 6))}"
    yield from _table("STAGES", [(stage.duration_s, round(stage.end_rps, 6)) for stage in test.stages])
    yield from _comment("Share, name, method, path.")
    yield from _table("REQUESTS", [(round(r.share, 6), r.name, r.method, r.path) for r in test.requests])
    yield from _limits(test)
    yield from _comment(f"{DATA_ENV}=data.json has the ids and bodies of where this runs.")
    yield f'GIVEN = os.environ.get("{DATA_ENV}")'
    yield 'DATA = json.loads(Path(GIVEN).read_text(encoding="utf-8")) if GIVEN else {}'
    yield f"MADE_UP = {python(list(IDS))}"
    yield "IDS: dict[str, list[str]] = {"
    yield from (f"    {python(slot)}: MADE_UP," for slot in test.slots)
    yield '    **DATA.get("ids", {}),'
    yield "}"
    yield "BODIES: dict[str, Any] = {"
    yield from (f"    {python(r.name)}: {{}}," for r in test.requests if r.method in BODY_METHODS)
    yield '    **DATA.get("bodies", {}),'
    yield "}"


def _limits(test: LoadTest) -> Iterator[str]:
    yield from _comment("Figure, name (None = all requests), share or milliseconds at most.")
    yield "LIMITS: list[tuple[str, str | None, float]] = ["
    for limit in test.limits:
        yield from (f"    {line}" for line in _comment(f"{limit.because[:1].upper()}{limit.because[1:]}."))
        yield from _row((limit.figure, limit.endpoint, limit.most))
    yield "]"


def _table(name: str, rows: list[tuple[object, ...]]) -> Iterator[str]:
    yield f"{name} = ["
    for row in rows:
        yield from _row(row)
    yield "]"


def _row(values: tuple[object, ...]) -> Iterator[str]:
    flat = f"    {python(values)},"
    if len(flat) <= _WIDTH:
        yield flat
        return
    yield from ("    (", *(f"        {python(value)}," for value in values), "    ),")


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrapped(python_prose(text), _WIDTH - 6)]

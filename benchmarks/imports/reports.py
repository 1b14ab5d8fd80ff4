"""How fast the large reports of a release are read: the parser alone against ours, CPU time, and memory.

JUnit against `iterparse` that frees each element; lcov against a loop that takes every line apart; k6's points against
`json.loads` a line; JMeter against `csv.reader`. Each run is a process of its own.
"""

import argparse
import csv
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import iterparse

from aqe.connectors.formats.quality.jmeter_csv import JmeterCsv
from aqe.connectors.formats.quality.junit import JunitXml
from aqe.connectors.formats.quality.k6_stream import K6Stream
from aqe.connectors.formats.quality.lcov import Lcov
from aqe.core.importing import Importer

from .. import report
from ..report import Spread, shown, table

ROUNDS = 5


def _junit(count: int) -> Iterator[str]:
    yield '<testsuites><testsuite name="shop" tests="0">\n'
    for n in range(count):
        head = f'<testcase classname="shop.tests.test_{n // 50}" name="test_{n}[case-{n % 7}]" time="0.{n % 1000:03d}"'
        if n % 100 == 0:
            yield f'{head}><failure message="assert {n} == {n + 1}">def test():\n  assert {n}\n</failure></testcase>\n'
        else:
            yield f"{head} />\n"
    yield "</testsuite></testsuites>\n"


def _lcov(count: int) -> Iterator[str]:
    for file in range(count // 500):
        lines = "".join(f"DA:{n},{n % 3}\n" for n in range(1, 501))
        yield f"TN:\nSF:src/module_{file}.ts\n{lines}LF:500\nLH:333\nend_of_record\n"


def _k6(count: int) -> Iterator[str]:
    tags = '{"method":"GET","status":"200","url":"https://shop.example/","name":"cart","expected_response":"true"}'
    metrics = ("http_reqs", "http_req_duration", "http_req_failed", "http_req_waiting", "http_req_blocked")
    for n in range(count):
        at, metric = f"2026-03-02T09:{n // 60_000 % 60:02d}:{n // 1000 % 60:02d}.{n % 1000:03d}Z", metrics[n % 5]
        value = 1 if metric == "http_reqs" else 0 if metric == "http_req_failed" else n % 977 / 3
        yield f'{{"metric":"{metric}","type":"Point","data":{{"time":"{at}","value":{value},"tags":{tags}}}}}\n'


def _jmeter(count: int) -> Iterator[str]:
    yield "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes\n"
    for n in range(count):
        yield f"{1_772_442_900_000 + n},{n % 977},cart,200,OK,Users 1-{n % 9},text,true,,{n % 5000}\n"


def _iterparse(path: Path) -> None:
    for _, element in iterparse(path):
        element.clear()


def _split(path: Path) -> None:
    with path.open("rb") as stream:
        for line in stream:
            tag, _, rest = line.rstrip().partition(b":")
            if tag == b"DA":
                _, hits = rest.split(b",")
                int(hits)


def _loads(path: Path) -> None:
    with path.open("rb") as stream:
        for line in stream:
            json.loads(line)


def _csv(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as stream:
        for _ in csv.reader(stream):
            pass


class Case(NamedTuple):
    """A large file, who reads it, and the plain parser."""

    importer: Importer
    parts: Callable[[int], Iterator[str]]
    size: int
    plain: Callable[[Path], None]


CASES = {
    "JUnit, 100,000 cases": Case(JunitXml(), _junit, 100_000, _iterparse),
    "lcov, 1,000,000 lines": Case(Lcov(), _lcov, 1_000_000, _split),
    "k6 points, 500,000": Case(K6Stream(), _k6, 500_000, _loads),
    "JMeter CSV, 500,000 samples": Case(JmeterCsv(), _jmeter, 500_000, _csv),
}


def main(arguments: Sequence[str]) -> int:
    """Measure in rounds and print."""
    parser = argparse.ArgumentParser(prog="benchmarks reports")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the size, one round")
    options = parser.parse_args(arguments)
    share, rounds = (20, 1) if options.quick else (1, options.rounds)
    results = {name: _case(name, case.size // share, rounds) for name, case in CASES.items()}
    rows = []
    for name, (size, of) in results.items():
        spreads = (shown(of["plain s"], 2), shown(of["ours s"], 2), shown(of["ratio"], 2), shown(of["peak MB"]))
        rows.append((name, f"{size:.0f}", *spreads))
    title = "Reading reports: CPU time of the plain parser over ours (above 1 = we are faster), peak memory"
    table(title, ("file", "MB", "plain, s", "ours, s", "ratio", "peak MB"), rows)
    report.json_line("reports", results={name: {"MB": size, **of} for name, (size, of) in results.items()})
    return 0


def _case(name: str, count: int, rounds: int) -> tuple[float, dict[str, Spread | None]]:
    """Megabytes of the file; what was measured."""
    with tempfile.NamedTemporaryFile("w", suffix=".report", encoding="utf-8") as file:
        file.writelines(CASES[name].parts(count))
        file.flush()
        path = Path(file.name)
        pairs = [[_alone(work, name, path) for work in (_plain, _ours)] for _ in range(rounds)]
        size = path.stat().st_size / 1e6
    return size, {
        "plain s": Spread.of(plain[0] for plain, _ in pairs),
        "ours s": Spread.of(ours[0] for _, ours in pairs),
        "ratio": Spread.of(plain[0] / ours[0] for plain, ours in pairs),
        "peak MB": Spread.of(ours[1] for _, ours in pairs),
    }


def _alone(work: Callable[[str, Path], float], name: str, path: Path) -> tuple[float, float]:
    """CPU seconds and peak MB, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, name, path))


def _measured(work: Callable[[str, Path], float], name: str, path: Path) -> tuple[float, float]:
    seconds = work(name, path)
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)


def _plain(name: str, path: Path) -> float:
    start = time.process_time()
    CASES[name].plain(path)
    return time.process_time() - start


def _ours(name: str, path: Path) -> float:
    start = time.process_time()
    with path.open("rb") as stream:
        parsed = CASES[name].importer.parse(stream)
    seconds = time.process_time() - start
    assert parsed.signals
    return seconds

"""Which of the shop's thirty seeded bugs are noticed by tests that were made of its real traffic.

The healthy shop is recorded: `traffic.py` asks its API, `browse.py` visits its pages. `recording-to-tests` and
`journey-to-tests` write the tests. They run on the healthy shop, again and again (a run that fails is a flake), and
then on each mutant: a mutant is killed when a test fails. Beside them stands what a recorder gives: the same requests
in the same order with nothing expected but an answer below 500. Each run meets a shop that was started anew. The
browser's tests in TypeScript run on the healthy shop only: they have the steps and expectations of those in Python.
The same is done with mutants that cosmic-ray makes of the shop's request handlers: nobody chose those.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..report import json_line, table
from . import e2e
from .tool_mutants import mutate, places

RECORDERS = "crash-only"
TARGETS = ("pytest", "pytest-playwright", "playwright", RECORDERS)
ENVIRONMENT = {
    **e2e.CUSTOMER,
    # A second customer, and cards that the payment service's stub knows (examples/shop/README.md).
    "AQE_TEST_OTHER_EMAIL": "cook@example.test",
    "AQE_TEST_OTHER_PASSWORD": "salt-and-thyme",
    "AQE_TEST_CARD_REFUSED_402": "4000000000000002",
    "AQE_TEST_CARD_REFUSED_504": "4000000000000077",
}
SECONDS, RATE_RPS, SEED, CUSTOMERS = 60, 25, 11, 0.7
"""Of the recorded API traffic."""
CRASH_ONLY = '''"""What a recorder writes: the recorded requests in order; only that no answer is 5xx is asked."""

import json
import os
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text())


def test_no_request_fails() -> None:
    target = urlsplit(os.environ["AQE_TARGET_URL"])
    connection = HTTPConnection(target.hostname, target.port, timeout=30)
    for method, path, body, headers in RECORDED:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status < 500, f"{method} {path}: {answer.status}"
'''


_FAILED = r"^(?:FAILED|ERROR) \S*?::(\S+)|^\s*\[\S+\] \u203a (\S+)|^(FAILED \(no end\))"
"""How pytest and Playwright name a test that failed, and we one that never ended."""


class Verdict(NamedTuple):
    """What the tests of one target said of one shop."""

    passed: bool
    failed: tuple[str, ...]
    """Names of tests."""
    seconds: float


def main(arguments: list[str]) -> int:
    """Record, generate, run on the healthy shop and on the mutants, count."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="on the healthy shop")
    parser.add_argument("--targets", default=",".join(TARGETS), help="some of them")
    parser.add_argument("--mutants", default="", help="some of the thirty, or none; all")
    parser.add_argument("--tool-mutants", type=int, default=20, help="so many of cosmic-ray's; 0 = none")
    parser.add_argument("--folder", type=Path, help="keep recordings and tests here; with tests in it they are taken")
    options = parser.parse_args(arguments)
    if options.tool_mutants and not find_spec("cosmic_ray"):
        parser.error("cosmic-ray is not installed: pip install -e '.[bench]', or --tool-mutants 0")
    targets = [target for target in options.targets.split(",") if target]
    with TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        tests = generated(folder, targets)
        flakes = {target: healthy(target, tests[target], options.runs) for target in targets}
        targets = [target for target in targets if target != "playwright"]
        seeded = judged(tests, targets, mutant_shops(Path(temporary), options.mutants))
        by_tool = judged(tests, targets, tool_shops(Path(temporary), options.tool_mutants))
    print_kills(f"Mutants of the shop and the first test that fails ({options.runs} healthy runs)", targets, seeded)
    print_kills("Mutants of cosmic-ray on the shop's handlers", targets, by_tool)
    json_line(
        "mutants",
        seeded=counted(targets, seeded),
        by_tool=counted(targets, by_tool),
        runs=options.runs,
        flakes=flakes,
        load=os.getloadavg()[0],
    )
    return 0


def healthy(target: str, tests: Path, runs: int) -> int:
    """How many of so many runs on the healthy shop failed; each that does is told."""
    flakes = 0
    for number in range(1, runs + 1):
        found = verdict(target, tests, e2e.SHOP)
        flakes += not found.passed
        said = "passed" if found.passed else f"FLAKE: {', '.join(found.failed)}"
        print(f"healthy shop, {target}, run {number} of {runs}: {said}, {found.seconds:.0f} s", flush=True)
    return flakes


def generated(folder: Path, targets: Sequence[str]) -> dict[str, Path]:
    """Record and generate what is not there yet; target -> folder of its tests."""
    tests = {target: folder / target for target in TARGETS}
    if {"pytest", RECORDERS} & set(targets) and not tests["pytest"].exists():
        _of_the_api(folder)
    if set(e2e.TARGETS) & set(targets) and not tests[e2e.TARGETS[0]].exists():
        home = folder / "pages"
        home.mkdir(parents=True, exist_ok=True)
        with e2e.shop(home / "shop") as url:
            for target, made in e2e.generate(home, url).items():
                made.rename(tests[target])
    return tests


def _of_the_api(folder: Path) -> None:
    home, recording = folder / "api", folder / "api" / "traffic.har"
    home.mkdir(parents=True, exist_ok=True)
    asked = ("--seconds", str(SECONDS), "--rate-rps", str(RATE_RPS), "--seed", str(SEED), "--customers", str(CUSTOMERS))
    with e2e.shop(home / "shop") as url:
        e2e.do(sys.executable, "traffic.py", "--base-url", url, *asked, "--record", str(recording), cwd=e2e.SHOP)
    aqe = (sys.executable, "-m", "aqe")
    e2e.do(*aqe, "up", "--server-only", cwd=home)
    try:
        e2e.do(*aqe, "import", str(recording), "--release", "1.4.1", "--commit", "abc1234", cwd=home)
        output = ("--max-scenarios", "60", "--output", str(folder / "pytest"))
        e2e.do(*aqe, "production", "recording-to-tests", *output, cwd=home)
    finally:
        e2e.do(*aqe, "down", cwd=home)
    _recorders_script(recording, folder / RECORDERS)


def _recorders_script(recording: Path, folder: Path) -> None:
    folder.mkdir()
    entries = json.loads(recording.read_text(encoding="utf-8"))["log"]["entries"]
    told = []
    # What was answered by 5xx when it was recorded would fail on the healthy shop, too.
    for request in [entry["request"] for entry in entries if entry["response"]["status"] < 500]:
        url = urlsplit(request["url"])
        headers = {header["name"]: header["value"] for header in request["headers"]}
        body = request.get("postData", {}).get("text")
        told.append([request["method"], f"{url.path}?{url.query}" if url.query else url.path, body, headers])
    (folder / "recorded.json").write_text(json.dumps(told), encoding="utf-8")
    (folder / "test_recorded.py").write_text(CRASH_ONLY, encoding="utf-8")


def judged(
    tests: dict[str, Path], targets: Sequence[str], shops: Iterable[tuple[str, Path]]
) -> dict[str, dict[str, Verdict]]:
    """Mutant -> target -> what its tests say of it; told as it comes."""
    found: dict[str, dict[str, Verdict]] = {}
    for name, shop in shops:
        found[name] = {target: verdict(target, tests[target], shop, to_the_first=True) for target in targets}
        print(name, {target: one.failed[:2] or one.passed for target, one in found[name].items()}, flush=True)
    return found


def verdict(target: str, tests: Path, sources: Path, *, to_the_first: bool = False) -> Verdict:
    """Run the tests of a target once, against the shop whose sources are in a folder, started anew."""
    began = time.monotonic()
    with TemporaryDirectory() as data, e2e.shop(Path(data), folder=sources) as url:
        try:
            passed, said = e2e.run(target, tests, url, to_the_first=to_the_first, **ENVIRONMENT)
        except subprocess.TimeoutExpired:
            passed, said = False, "FAILED (no end)"
    failed = re.findall(_FAILED, said, re.MULTILINE)
    return Verdict(passed, tuple(dict.fromkeys("".join(one) for one in failed)), time.monotonic() - began)


def mutant_shops(folder: Path, chosen: str) -> Iterator[tuple[str, Path]]:
    """Name of each seeded mutant, and a folder with its sources."""
    with _shops_modules():
        from mutants import make, mutants  # type: ignore[import-not-found]
    for mutant in mutants():
        if not chosen or mutant.name in chosen.split(","):
            make(mutant, folder / mutant.name)
            yield mutant.name, folder / mutant.name


def tool_shops(folder: Path, wanted: int) -> Iterator[tuple[str, Path]]:
    """The same of so many mutants of cosmic-ray that start; how many did not is told at the end."""
    with _shops_modules():
        from mutants import copy_shop
    broken = 0
    for number, place in enumerate(places(e2e.SHOP) if wanted else ()):
        shop = folder / f"tool-{number}"
        copy_shop(shop)
        mutate(shop, place)
        try:
            with TemporaryDirectory() as data, e2e.shop(Path(data), folder=shop):
                pass
        except e2e.NotStarted:
            broken += 1
            continue
        yield place.name, shop
        if number - broken == wanted - 1:
            print(f"{broken} mutants of cosmic-ray do not start and are left out", flush=True)
            return


@contextmanager
def _shops_modules() -> Iterator[None]:
    sys.path.insert(0, str(e2e.SHOP))
    try:
        yield
    finally:
        sys.path.remove(str(e2e.SHOP))


def print_kills(title: str, targets: Sequence[str], found: dict[str, dict[str, Verdict]]) -> None:
    """The table: the first test of each target that fails, by mutant."""
    table(title, ("mutant", *targets), [(name, *(_said(by[t]) for t in targets)) for name, by in found.items()])


def counted(targets: Sequence[str], found: dict[str, dict[str, Verdict]]) -> dict[str, Any]:
    """JSON-ready: kills by target and of the generated tests together."""
    kills = {target: {name for name, by in found.items() if not by[target].passed} for target in targets}
    together = set().union(*(names for target, names in kills.items() if target != RECORDERS))
    return {
        "mutants": len(found),
        "killed": {target: len(names) for target, names in kills.items()},
        "killedTogether": len(together),
        "survivors": sorted(set(found) - together),
    }


def _said(of: Verdict) -> str:
    return "survives" if of.passed else (of.failed or ("killed",))[0][:48]

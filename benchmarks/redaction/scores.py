"""Redaction: what it finds, what it touches wrongly, and how fast it is beside the same rules without their hints.

Found and touched are counted over lines it was tuned on and over held-out ones, of other formats and seeds. A find
counts only when nothing of the value is left: no four characters in a row that do not stand around it anyway.
"""

import argparse
import random
import re
import time
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import NamedTuple

from aqe.analysis.redaction.redactor import RULES, Redactor

from .. import report
from ..report import Spread, shown, table
from . import heldout, tuning
from .heldout import Line

KEY = b"a key for measuring"
LINES = 26_000
"""Per seed, half of them harmless."""
SPEED_LINES = 100_000
ROUNDS = 5
_PSEUDONYM = re.compile(r"<\w+:[0-9a-f]{8}>")
_WINDOW = 4


class Score(NamedTuple):
    """What was reached over some lines."""

    recall: float
    """Share of the values of which nothing is left."""
    touched: float
    """Share of the harmless lines that were changed."""


def score(lines: ModuleType, count: int, seeds: Iterable[int]) -> Score:
    """Judge the rules.

    Args:
        lines: tuning or heldout.
        count: lines per seed; half of them are harmless.
    """
    redactor = Redactor(KEY)
    values, missed, harmless, touched = 0, 0, 0, 0
    for seed in seeds:
        for line in lines.lines(count // 2, seed):
            values += 1
            missed += leaves(line, redactor.text(line.text))
        for line in lines.harmless(count // 2, seed):
            harmless += 1
            touched += redactor.text(line.text) != line.text
    return Score(1 - missed / values, touched / harmless)


def leaves(line: Line, redacted: str) -> bool:
    """Whether some of the value is still there."""
    assert line.value is not None
    rest = _PSEUDONYM.sub("\0", redacted)
    around = line.text.replace(line.value, "\0")
    size = min(_WINDOW, len(line.value))
    windows = {line.value[at : at + size] for at in range(len(line.value) - size + 1)}
    return any(window in rest and window not in around for window in windows)


def main(arguments: Sequence[str]) -> int:
    """Judge, time and print."""
    parser = argparse.ArgumentParser(prog="benchmarks redaction")
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--quick", action="store_true", help="a tenth of the lines, one round")
    options = parser.parse_args(arguments)
    count, rounds, many = (
        (options.lines // 10, 1, SPEED_LINES // 10) if options.quick else (options.lines, ROUNDS, SPEED_LINES)
    )
    scores = {name: score(lines, count, lines.SEEDS) for name, lines in (("tuned on", tuning), ("held out", heldout))}
    table(
        f"Of {count * 3 // 2:,} values and as many harmless lines",
        ("lines", "recall", "harmless lines touched"),
        [(name, f"{one.recall:.4f}", f"{one.touched:.2%}") for name, one in scores.items()],
    )
    mixtures = {f"{share:.0%} of the lines hold something": _mixture(share, many) for share in (0.02, 0.2, 1.0)}
    speeds = {name: _speed(lines, rounds) for name, lines in mixtures.items()}
    table(
        "Thousand lines per CPU second; ratio to the same rules, each tried on every line",
        ("lines", "thousand/s", "ratio"),
        [(name, shown(speed), shown(ratio, 1)) for name, (speed, ratio) in speeds.items()],
    )
    report.json_line("redaction", scores=scores, speeds=speeds)
    return 0


def _mixture(share: float, count: int) -> list[str]:
    """Lines of an application log, some of which hold something."""
    chance = random.Random(share)
    sensitive = iter(tuning.lines(count, 7))
    ordinary = iter(tuning.harmless(count, 7))
    return [next(sensitive if chance.random() < share else ordinary).text for _ in range(count)]


def _speed(lines: list[str], rounds: int) -> tuple[Spread | None, Spread | None]:
    with_hints = [len(lines) / _seconds(lambda: _all(Redactor(KEY).text, lines)) / 1e3 for _ in range(rounds)]
    without = [len(lines) / _seconds(lambda: _all(_every_rule, lines)) / 1e3 for _ in range(rounds)]
    return Spread.of(with_hints), Spread.of(a / b for a, b in zip(with_hints, without, strict=True))


def _every_rule(text: str) -> None:
    for rule in RULES:
        for match in rule.pattern.finditer(text):
            rule.check(match)


def _all(work: Callable[[str], object], lines: list[str]) -> None:
    for line in lines:
        work(line)


def _seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start

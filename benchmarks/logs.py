"""Log templates on labelled lines, zero configuration, and their speed.

The labelled sets are not part of this repository: they are looked for in `../shared` beside it, or where `--data` and
`--scorer` point. With `--stdin` this is the parser that the scorer runs: one message a line in, one template a line
out. Scores are means over the sets: GA and FGA judge the grouping, PA and FTA the text of the templates.
"""

import argparse
import importlib.util
import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..analysis.log_templates import TemplateMiner
from ..analysis.template_text import TemplateTexts
from .report import json_line, table

SHARED = Path(__file__).resolve().parents[2] / "shared"
MEASURES = ("GA", "FGA", "PA", "FTA")
SPEED_LINES = 200_000
_ALONE = re.compile(r"(?<![\w:./,-])\d+(?![\w:./,-])")
"""A number that is no part of a time, an address or a name."""


def main(arguments: list[str]) -> int:
    """Score and time, or parse standard input."""
    parser = argparse.ArgumentParser(prog="logs", description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED / "data" / "loghub", help="folder of labelled sets")
    parser.add_argument("--scorer", type=Path, default=SHARED / "bench" / "loghub_score.py", help="scoring program")
    parser.add_argument("--stdin", action="store_true", help="messages in, templates out")
    options = parser.parse_args(arguments)
    if options.stdin:
        print("\n".join(templates(line.rstrip("\n") for line in sys.stdin)))
        return 0
    if not (options.data.exists() and options.scorer.exists()):
        print(f"NOT_MEASURED: no labelled sets at {options.data}")
        return 0
    ours = [sys.executable, "-P", "-m", "aqe.benchmarks", "logs", "--stdin"]
    command = [sys.executable, str(options.scorer), str(options.data), *ours]
    scores = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    sets = scores["GA_per_dataset"]
    table(f"{len(sets)} labelled sets", MEASURES, [[f"{scores[m]:.3f}" for m in MEASURES]], text_columns=0)
    table("GA of each", ("set", "GA"), [[name, f"{ga:.3f}"] for name, ga in sets.items()])
    json_line("logs", **scores, lines_per_cpu_s=_speed(options.data))
    return 0


def templates(messages: Iterable[str]) -> list[str]:
    """The template of each message, in one pass over them."""
    miner = TemplateMiner()
    texts = TemplateTexts(miner)
    ids = []
    for message in messages:
        ids.append(miner.add(message))
        texts.keep(ids[-1], message)
    found = texts.all()
    return [found.get(resolved, miner.template(resolved)) for resolved in map(miner.resolve, ids)]


def _speed(data: Path) -> dict[str, float]:
    lines = [line for path in sorted(data.glob("*/*_2k.log")) for line in path.read_text(errors="replace").splitlines()]
    rounds = SPEED_LINES // len(lines) + 1
    many = (lines * rounds)[:SPEED_LINES]
    # Digits differ from round to round: no number, time or address is seen twice.
    fresh = [line.translate(_turned(turn)) for turn in range(rounds) for line in lines][:SPEED_LINES]
    draw = random.Random(7)
    longer = [_ALONE.sub(lambda _: str(draw.randrange(10 ** draw.randrange(1, 8))), line) for line in fresh]

    found = {"each line once": _rate(templates, lines), "lines that recur": _rate(templates, many)}
    found["lines that recur, with other numbers"] = _rate(templates, fresh)
    found["the same, and of other lengths"] = _rate(templates, longer)
    found["grouping alone, lines that recur"] = _rate(_grouped, many)
    found["grouping alone, with other numbers"] = _rate(_grouped, fresh)
    found["grouping alone, of other lengths too"] = _rate(_grouped, longer)
    if importlib.util.find_spec("drain3"):
        found["Drain3 by default, each line once"] = _rate(_drained, lines)
        found["Drain3 by default, lines that recur"] = _rate(_drained, many)
        found["Drain3 by default, with other numbers"] = _rate(_drained, fresh)
        found["Drain3 by default, of other lengths too"] = _rate(_drained, longer)
    table("Lines per CPU second", ("what", "thousands"), [[name, f"{rate / 1e3:,.0f}"] for name, rate in found.items()])
    return found


def _turned(turn: int) -> dict[int, int]:
    return {ord("0") + digit: ord("0") + (digit + turn) % 10 for digit in range(10)}


def _grouped(messages: list[str]) -> None:
    miner = TemplateMiner()
    for message in messages:
        miner.add(message)


def _drained(messages: list[str]) -> None:
    from drain3 import TemplateMiner as Drain

    miner = Drain()
    for message in messages:
        miner.add_log_message(message)


def _rate(work: Callable[[list[str]], Any], lines: list[str]) -> float:
    start = time.process_time()
    work(lines)
    return len(lines) / (time.process_time() - start)

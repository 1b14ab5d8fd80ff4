"""Log templates on labelled lines, zero configuration, and their speed.

The labelled sets are not part of this repository: they are looked for in `../shared` beside it, or where `--data` and
`--scorer` point. With `--stdin` this is the parser that the scorer runs: one message a line in, one template a line
out. Scores are means over the sets: GA and FGA judge the grouping, PA and FTA the text of the templates.

Three figures stand side by side: fitted, with rules chosen on the other sets (`log_rules`), and on `labelled_logs.csv`:
what six programs wrote while they were used and misused, each line labelled by the format string in the program's own
binary that it fits with the most literal text. The rules were written without the lines of LOOKED_AT, until a first
score on them led to one more rule (two values are enough where one is a variable by its form); the lines of the other
programs were made after that.
"""

import argparse
import csv
import importlib.util
import json
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..analysis.log_templates import TemplateMiner
from ..analysis.template_text import TemplateTexts
from .log_rules import MEASURES, Choice, CrossValidation, Labelled, Scores, cross_validated, load_scorer
from .report import json_line, table

SHARED = Path(__file__).resolve().parents[2] / "shared"
PROGRAMS = Path(__file__).with_name("labelled_logs.csv")
LOOKED_AT = frozenset({"postgres", "redis", "mosquitto", "tinyproxy"})
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
    found = _protocol(load_scorer(options.scorer), options.data)
    json_line("logs", **scores, **found, lines_per_cpu_s=_speed(options.data))
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
    # Only those that overflowed have no text.
    text = {id_: found.get(miner.resolve(id_)) or miner.template(id_) for id_ in set(ids)}
    return [text[id_] for id_ in ids]


def _protocol(scorer: Any, data: Path) -> dict[str, Any]:
    names = sorted(folder.name for folder in data.iterdir() if folder.is_dir())
    sets = {name: _one_a_line(scorer.truth(str(data), name)) for name in names}
    chosen = cross_validated(sets, templates, scorer.score)
    programs = {name: scorer.score(truth, templates(said)) for name, (said, truth) in _programs().items()}
    looked_at = {name: scores for name, scores in programs.items() if name in LOOKED_AT}
    unseen = {name: scores for name, scores in programs.items() if name not in LOOKED_AT}
    rows = {
        f"{len(sets)} sets, fitted": chosen.fitted,
        "numbers chosen on the other sets": chosen.numbers,
        "numbers and rules chosen on the other sets": chosen.rules,
        f"{len(looked_at)} programs, looked at once": looked_at,
        f"{len(unseen)} programs, never looked at": unseen,
    }
    means = {name: _means(scores) for name, scores in rows.items()}
    table("Scores", ("what", *MEASURES), [[name, *_cells(mean)] for name, mean in means.items()])
    _each(chosen)
    table("Programs", ("program", *MEASURES), [[name, *_cells(one)] for name, one in programs.items()])
    return {"means": means, "programs": programs, "chosen": {name: _told(c) for name, c in chosen.choices.items()}}


def _one_a_line(labelled: Labelled) -> Labelled:
    messages, truth = labelled
    return [re.sub(r"[\r\n]", " ", message) for message in messages], truth


def _programs() -> dict[str, Labelled]:
    found: dict[str, Labelled] = {}
    with PROGRAMS.open(newline="") as file:
        for row in csv.DictReader(file):
            messages, truth = found.setdefault(row["program"], ([], []))
            messages.append(row["message"])
            truth.append(row["template"])
    return found


def _each(chosen: CrossValidation) -> None:
    header = ("set", "GA", "numbers", "and rules", "numbers chosen", "rules left out")
    rows = [
        [
            *(name, *(f"{scores[name]['GA']:.3f}" for scores in chosen[:3])),
            *("/".join(map(str, choice.numbers)), str(len(choice.without))),
        ]
        for name, choice in chosen.choices.items()
    ]
    table("GA of each", header, rows)


def _told(choice: Choice) -> dict[str, Any]:
    return {"numbers": choice.numbers, "without": sorted(choice.without)}


def _means(scores: Mapping[str, Scores]) -> Scores:
    return {m: statistics.mean(one[m] for one in scores.values()) for m in MEASURES}


def _cells(scores: Scores) -> list[str]:
    return [f"{scores[m]:.3f}" for m in MEASURES]


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

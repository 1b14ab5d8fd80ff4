"""Log templates on labelled lines, zero configuration, and their speed.

The labelled sets are not part of this repository: they are looked for in `../shared` beside it, or where `--data` and
`--scorer` point. With `--stdin` this is the parser that the scorer runs: one message a line in, one template a line
out. Scores are means over the sets: GA and FGA judge the grouping, PA and FTA the text of the templates.

Three figures stand side by side: fitted, with numbers and rules chosen on the other sets (rules.py), and on programs
that nobody looked at. `labelled/` holds what twenty-four programs wrote while they were used and misused. A line's
label is the program's own format string: for the first six and nginx, the one in the binary that it fits with the most
literal text; for the others, the one given to the C library's `vsnprintf` and its kind, written down by a preloaded
library, or to the logging of Python, Jetty or Node's mail and web servers. What went wrong in the others led to rules;
of the lines of NEVER_SEEN nobody has seen more than their scores.
"""

import argparse
import csv
import gc
import importlib.util
import json
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...analysis.texts.log_templates import TemplateMiner
from ...analysis.texts.template_text import TemplateTexts
from ..report import json_line, table
from .rules import MEASURES, Choice, CrossValidation, Labelled, Scores, cross_validated, forget_words, load_scorer

SHARED = Path(__file__).resolve().parents[3] / "shared"
PROGRAMS = Path(__file__).with_name("labelled")
NEVER_SEEN = frozenset({"systemd", "dovecot", "jetty", "celery", "node-servers", "nginx"})
SPEED_LINES = 200_000
TURNS = 3
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
    programs = _programs()
    seen = [name for name in programs if name not in NEVER_SEEN]
    chosen = cross_validated(sets | {name: programs[name] for name in seen}, templates, scorer.score)
    rows = {
        f"{what}, {how}": {name: scores[name] for name in some}
        for what, some in ((f"{len(names)} sets", names), (f"{len(seen)} programs", seen))
        for how, scores in (
            *(("fitted", chosen.fitted), ("numbers chosen on the others", chosen.numbers)),
            ("numbers and rules chosen on the others", chosen.rules),
        )
    }
    each = {name: scorer.score(truth, templates(said)) for name, (said, truth) in programs.items()}
    rows[f"{len(NEVER_SEEN)} programs, never seen"] = {name: each[name] for name in NEVER_SEEN}
    if importlib.util.find_spec("drain3"):
        drained = {n: scorer.score(truth, _drained(said)) for n, (said, truth) in (sets | programs).items()}
        for what, some in (("sets", names), ("programs", seen), ("programs, never seen", NEVER_SEEN)):
            rows[f"Drain3 by default, {what}"] = {name: drained[name] for name in some}
    means = {name: _means(scores) for name, scores in rows.items()}
    table("Scores", ("what", *MEASURES), [[name, *_cells(mean)] for name, mean in means.items()])
    _each(chosen)
    table("Programs", ("program", *MEASURES), [[name, *_cells(one)] for name, one in each.items()])
    return {"means": means, "programs": each, "chosen": {name: _told(c) for name, c in chosen.choices.items()}}


def _one_a_line(labelled: Labelled) -> Labelled:
    messages, truth = labelled
    return [re.sub(r"[\r\n]", " ", message) for message in messages], truth


def _programs() -> dict[str, Labelled]:
    return {path.stem: _labelled(path) for path in sorted(PROGRAMS.glob("*.csv"))}


def _labelled(path: Path) -> Labelled:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row["message"] for row in rows], [row["template"] for row in rows]


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


def _speed(data: Path) -> dict[str, dict[str, float]]:
    lines = [line for path in sorted(data.glob("*/*_2k.log")) for line in path.read_text(errors="replace").splitlines()]
    rounds = SPEED_LINES // len(lines) + 1
    # Digits differ from round to round: no number, time or address is seen twice.
    fresh = [line.translate(_turned(turn)) for turn in range(rounds) for line in lines][:SPEED_LINES]
    draw = random.Random(7)
    kinds = {
        "each line once": lines,
        "lines that recur": (lines * rounds)[:SPEED_LINES],
        "lines that recur, with other numbers": fresh,
        "the same, and of other lengths": [
            _ALONE.sub(lambda _: str(draw.randrange(10 ** draw.randrange(1, 8))), line) for line in fresh
        ],
    }
    ways: dict[str, Callable[[list[str]], Any]] = {"with texts": templates, "grouping alone": _grouped}
    if importlib.util.find_spec("drain3"):
        ways["Drain3"] = _drained
    found: dict[str, dict[str, float]] = {}
    for kind, some in kinds.items():
        # In turns, so that a slow moment of the machine slows all.
        turns = [{way: _rate(work, some) for way, work in ways.items()} for _ in range(TURNS)]
        found[kind] = {way: statistics.median(turn[way] for turn in turns) for way in ways}
        if "Drain3" in ways:
            found[kind]["ratio"] = statistics.median(turn["with texts"] / turn["Drain3"] for turn in turns)
    cells = [[k, *(f"{v:.1f}" if n == "ratio" else f"{v / 1e3:,.0f}" for n, v in f.items())] for k, f in found.items()]
    table("Thousands of lines per CPU second", ("what", *found["each line once"]), cells)
    return found


def _turned(turn: int) -> dict[int, int]:
    return {ord("0") + digit: ord("0") + (digit + turn) % 10 for digit in range(10)}


def _grouped(messages: list[str]) -> None:
    miner = TemplateMiner()
    for message in messages:
        miner.add(message)


def _drained(messages: Sequence[str]) -> list[str]:
    from drain3 import TemplateMiner as Drain

    miner = Drain()
    ids = [miner.add_log_message(message)["cluster_id"] for message in messages]
    found = {cluster.cluster_id: cluster.get_template() for cluster in miner.drain.clusters}
    return [found[id_] for id_ in ids]


def _rate(work: Callable[[list[str]], Any], lines: list[str]) -> float:
    forget_words()
    # What lies about here from before is not theirs to look through.
    gc.collect()
    gc.freeze()
    start = time.process_time()
    work(lines)
    taken = time.process_time() - start
    gc.unfreeze()
    return len(lines) / taken

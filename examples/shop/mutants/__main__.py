"""`python -m mutants`."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import Mutant, copy_shop, make, mutants

EXIT_DONE = 0
EXIT_INVISIBLE = 1
EXIT_USAGE = 2


def _check(chosen: Sequence[Mutant]) -> int:
    # Imported here: a list needs no browser.
    from .probes import PROBES, holds

    invisible = 0
    with tempfile.TemporaryDirectory() as name:
        healthy = Path(name) / "healthy"
        copy_shop(healthy)
        for mutant in chosen:
            folder = Path(name) / mutant.name
            make(mutant, folder)
            on_shop, on_mutant = holds(PROBES[mutant.name], healthy), holds(PROBES[mutant.name], folder)
            visible = on_shop and not on_mutant
            invisible += not visible
            print(f"{'seen' if visible else 'NOT SEEN':<9}{mutant.name:<24}{PROBES[mutant.name].__doc__}", flush=True)
    print(f"{len(chosen) - invisible} of {len(chosen)} can be seen")
    return EXIT_INVISIBLE if invisible else EXIT_DONE


def main() -> int:
    """The command line; the exit code: 0 done, 1 a mutant can not be seen, 2 wrong usage."""
    known = {mutant.name: mutant for mutant in mutants()}
    parser = argparse.ArgumentParser(prog="mutants", description="Thirty bugs for the shop.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="name, kind, what a visitor sees")
    making = commands.add_parser("make", help="a copy of the shop with one of them")
    making.add_argument("name", choices=known, metavar="NAME")
    making.add_argument("folder", type=Path)
    checking = commands.add_parser("check", help="each can be seen")
    checking.add_argument("names", nargs="*", metavar="NAME")
    flags = parser.parse_args()
    if flags.command == "list":
        for mutant in known.values():
            print(f"{mutant.name:<24}{mutant.kind:<16}{mutant.seen}")
        return EXIT_DONE
    if flags.command == "make":
        try:
            make(known[flags.name], flags.folder)
        except FileExistsError:
            print(f"mutants: {flags.folder} exists already", file=sys.stderr)
            return EXIT_USAGE
        return EXIT_DONE
    unknown = set(flags.names) - known.keys()
    if unknown:
        parser.error(f"no mutant is called {', '.join(sorted(unknown))}")
    return _check([known[name] for name in flags.names or known])


if __name__ == "__main__":
    sys.exit(main())

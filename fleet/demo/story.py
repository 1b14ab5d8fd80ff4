"""The story: production misbehaves, the fleet finds the error, writes a test that fails and blocks the release; the fix
is deployed, the test passes, the release goes.

Every step that is the fleet's is the `aqe` command a user would type, run as a process of its own; every number shown
is what that command printed.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...config.settings import environment
from ...core.clock import SystemClock
from ...core.errors import AqeError
from .shop import Release, Shop, find_shop

BAD = Release("v1.4.0", "naive", "Take the price straight from the supplier's feed")
FIXED = Release("v1.4.1", "safe", "Expect products whose price is still to come")
FIRST = "v1.3.0"
PROJECT = """\
# Written by `aqe demo`.
policy:
  file: aqe-policy.yaml
"""
Say = Callable[[str], None]


class DemoFailedError(AqeError):
    """The story did not come out as it should."""

    exit_code = 1


class Story:
    """Tells it.

    Args:
        folder: where the shop's copy, its server's data and all reports go.
        source: the shop's sources; None = those of this clone.
        say: prints a line.
    """

    def __init__(self, folder: Path, source: Path | None, say: Say) -> None:
        self._shop = Shop(find_shop(source), folder)
        self._say = say
        self._clock = SystemClock()
        self._tests = folder / "tests_from_production"

    def tell(self, *, keep_running: bool) -> None:
        """From start to end; stops what it started, unless told to keep it.

        Raises:
            DemoFailedError: a step came out other than the story says.
        """
        began = self._clock.monotonic_s()
        with self._step("Set up a shop with a git history, and start the fleet"):
            self._down()
            self._shop.prepare(PROJECT)
            self._aqe("up")
        try:
            self._tell()
        finally:
            if not keep_running:
                self._down()
        self._say(f"\nTold in {self._clock.monotonic_s() - began:.0f} s. Everything is in {self._shop.folder}")
        self._what_next(keep_running)

    def _tell(self) -> None:
        with self._step(f"Release {BAD.version}: “{BAD.message}”. Its own tests pass"):
            self._test_and_import(BAD, FIRST)
        with self._shop_in_production(BAD) as base_url:
            with self._step("The fleet looks at what production wrote, and writes a test"):
                self._aqe("production", "mine-errors", "--release", BAD.version, "--generate", "--output", self._tests)
                generated = sorted(self._tests.glob("test_*.py"))
                if not generated:
                    raise DemoFailedError("no test was generated")
                self._show_file(generated[0])
            with self._step(f"That test against {BAD.version}: it must fail"):
                self._run_generated(BAD, base_url, must_pass=False)
        with self._step(f"May {BAD.version} go?"):
            self._assess(BAD, "BLOCKED")
        with self._step(f"The fix, release {FIXED.version}: “{FIXED.message}”"):
            self._test_and_import(FIXED, BAD.version)
        with (
            self._shop_in_production(FIXED) as base_url,
            self._step(f"The same test against {FIXED.version}: it must pass"),
        ):
            self._run_generated(FIXED, base_url, must_pass=True)
        with self._step("What the specification's own policy would say: it also asks for what nobody measured here"):
            self._assess(FIXED, "INCONCLUSIVE", policy="specification")
        with self._step(f"May {FIXED.version} go?"):
            self._assess(FIXED, "APPROVED", "APPROVED_WITH_WARNINGS")

    # Parts -----------------------------------------------------------------------------------------------------------

    def _test_and_import(self, release: Release, since: str) -> None:
        self._shop.release(release)
        reports = [*self._shop.run_tests(release), self._shop.changes(since, release.version)]
        self._import(release, *reports)

    @contextmanager
    def _shop_in_production(self, release: Release) -> Iterator[str]:
        with self._shop.serve(release) as (base_url, logs):
            with self._step(f"{release.version} in production, with real traffic over HTTP"):
                seen = self._shop.drive(base_url, seed=7)
                self._say(f"  clients saw {seen['requests']} requests, {seen['errors']} of them failed with 5xx")
                self._import(release, logs / "access.log", logs / "app.jsonl")
            yield base_url

    def _run_generated(self, release: Release, base_url: str, *, must_pass: bool) -> None:
        tests = sorted(self._tests.glob("test_*.py"))[0]
        code, report, printed = self._shop.run_generated(tests, base_url, release.version)
        self._say(f"  $ AQE_TARGET_URL={base_url} pytest {tests.relative_to(self._shop.folder)}")
        for line in printed.strip().splitlines()[-4:]:
            self._say(f"    {line[:150]}")
        if code not in (0, 1):
            raise DemoFailedError(f"the generated test could not be run on {release.version}")
        if (code == 0) != must_pass:
            raise DemoFailedError(f"the generated test {'failed' if must_pass else 'passed'} on {release.version}")
        self._import(release, report)

    def _import(self, release: Release, *files: Path) -> None:
        commit = self._shop.commit_of(release.version)
        self._aqe("import", *files, "--release", release.version, "--commit", commit)

    def _assess(self, release: Release, *wanted: str, policy: str = "default") -> None:
        arguments = ["deploy", "assess", "--version", release.version, "--policy", policy]
        self._aqe(*arguments, expect=None)
        decision = self._json(*arguments)["decision"]
        if decision not in wanted:
            raise DemoFailedError(f"{release.version} is {decision}, the story says {' or '.join(wanted)}")

    def _json(self, *arguments: str) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self._run([*arguments, "--json"]).stdout)
        return value

    def _aqe(self, *arguments: str | Path, expect: int | None = 0) -> None:
        shown = [
            str(a.relative_to(self._shop.folder))
            if isinstance(a, Path) and a.is_relative_to(self._shop.folder)
            else str(a)
            for a in arguments
        ]
        self._say(f"  $ aqe {shlex.join(shown)}")
        done = self._run(shown)
        for line in done.stdout.rstrip().splitlines():
            self._say(f"    {line}")
        if expect is not None and done.returncode != expect:
            raise DemoFailedError(f"aqe {shown[0]} ended with {done.returncode}: {done.stderr.strip()[-400:]}")

    def _run(self, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
        env = {k: v for k, v in environment().items() if not k.startswith("AQE_")}
        return subprocess.run(
            [sys.executable, "-P", "-m", "aqe", *arguments],
            cwd=self._shop.folder,
            env=env | {"COLUMNS": "110"},
            capture_output=True,
            text=True,
        )

    def _down(self) -> None:
        if (self._shop.folder / "aqe.yaml").exists():
            self._run(["down"])

    def _show_file(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        self._say(f"  {path.relative_to(self._shop.folder)}, {len(text.splitlines())} lines:")
        for line in text.splitlines():
            self._say(f"    | {line}")

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        self._say(f"\n{title}")
        began = self._clock.monotonic_s()
        yield
        self._say(f"  ({self._clock.monotonic_s() - began:.1f} s)")

    def _what_next(self, keep_running: bool) -> None:
        self._say("\nGo on from here:")
        for line in (
            f"cd {shlex.quote(os.path.relpath(self._shop.folder))}",
            "aqe memory get aqe/deployment/decision      # the decision, as any Redis client sees it",
            f"aqe deploy risk-score --version {BAD.version}       # why it was blocked, metric by metric",
            "aqe events tail --from 0 --no-follow        # all that happened",
            "aqe down                                    # stop the server again"
            + (" and the fleet" if keep_running else ""),
        ):
            self._say(f"  {line}")

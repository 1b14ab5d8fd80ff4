"""The example shop as a project of its own: a copy with a git history, its tools, its server, its traffic."""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...config.settings import environment
from ...core.errors import NotFoundError, ServiceUnavailable

SOURCE = Path(__file__).parents[2] / "examples" / "shop"
NEEDED = ("bandit", "flask", "waitress", "pytest", "pytest_cov", "coverage")
SERVER_START_S = 20
TRAFFIC_SECONDS = 5
TRAFFIC_RPS = 60
AUTHOR = ("-c", "user.name=aqe demo", "-c", "user.email=demo@example.invalid", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Release:
    """One release of the shop in the story.

    Args:
        version: its tag.
        pricing: which of the shop's two price rules it was built with.
        message: its commit's subject.
    """

    version: str
    pricing: str
    message: str


def find_shop(folder: Path | None) -> Path:
    """Where the shop's sources are.

    Raises:
        NotFoundError: not in this installation, or a program it needs is missing; says how to get it.
    """
    source = folder or SOURCE
    if not (source / "traffic.py").is_file():
        raise NotFoundError(
            "the example shop is not part of the installed package",
            hint="clone the repository and run `make run` there, or give --shop DIR",
        )
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise NotFoundError(f"the shop needs {', '.join(missing)}", hint="pip install 'aqe[demo]'")
    if shutil.which("git") is None:
        raise NotFoundError("the shop's releases are git commits, and there is no git", hint="install git")
    return source


class Shop:
    """The shop in a folder of its own.

    Args:
        source: its sources.
        folder: where the copy goes; what was there goes.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self.source = source
        self.folder = folder
        self.build = folder / "build"

    def prepare(self, policy_line: str) -> None:
        """Copy the sources, write aqe.yaml, make the first commit."""
        if self.folder.exists():
            shutil.rmtree(self.folder)
        ignored = shutil.ignore_patterns("__pycache__", ".*", "build", "var", "*.egg-info")
        shutil.copytree(self.source, self.folder, ignore=ignored)
        (self.folder / "aqe.yaml").write_text(policy_line, encoding="utf-8")
        (self.folder / ".gitignore").write_text(".aqe/\n.coverage*\nbuild/\nvar/\n__pycache__/\n", encoding="utf-8")
        self._git("init", "--quiet", "--initial-branch=main")
        self._commit(Release("v1.3.0", "safe", "Sell things"))

    def release(self, release: Release) -> None:
        """Commit the release: the price rule it is built with is its change."""
        self._commit(release)

    def commit_of(self, version: str) -> str:
        """Full hash of a tag."""
        return self._git("rev-parse", f"{version}^{{commit}}").strip()

    def changes(self, since: str, version: str) -> Path:
        """`git log --numstat` between two tags, in a file."""
        text = self._git("log", "--numstat", "--format=commit %H%n%an%n%at%n%s", f"{since}..{version}")
        return self._write(version, "changes.txt", text)

    def run_tests(self, release: Release) -> list[Path]:
        """The shop's own suite with coverage, ruff and bandit; returns the reports they wrote."""
        out = self._out(release.version)
        reports = [out / "junit.xml", out / "coverage.json", out / "ruff.sarif", out / "bandit.sarif"]
        self._python(
            ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--cov", "--cov-branch",
             f"--cov-report=json:{reports[1]}", f"--junitxml={reports[0]}"],
            pricing=release.pricing,
            extra={"COVERAGE_FILE": str(out / ".coverage")},
            log=out / "pytest.log",
        )  # fmt: skip
        self._python(["-m", "bandit", "-q", "-r", "shop", "-f", "sarif", "-o", str(reports[3])])
        ruff = shutil.which("ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
        if ruff is not None:
            subprocess.run(
                [
                    ruff,
                    "check",
                    "--quiet",
                    "--no-cache",
                    "--output-format",
                    "sarif",
                    "--output-file",
                    str(reports[2]),
                    ".",
                ],
                cwd=self.folder,
                check=False,
            )
        return [report for report in reports if report.is_file()]

    def run_generated(self, tests: Path, base_url: str, version: str) -> tuple[int, Path, str]:
        """A generated test file against a running shop.

        Returns:
            The exit code of pytest (0 passed, 1 failed, else it was not run), its JUnit XML, what it printed.
        """
        out = self._out(version)
        report = out / "generated-junit.xml"
        done = self._python(
            ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=line", "-c", os.devnull,
             # pytest takes a bracket in a path for a parameter: the folder above may have one.
             f"--rootdir={tests.parent}", f"--junitxml={report}", str(tests.relative_to(self.folder))],
            extra={"AQE_TARGET_URL": base_url},
        )  # fmt: skip
        return done.returncode, report, done.stdout if done.returncode in (0, 1) else done.stdout + done.stderr

    @contextlib.contextmanager
    def serve(self, release: Release) -> Iterator[tuple[str, Path]]:
        """Run the release's server; yields its base URL and the folder of its logs."""
        data = self._out(release.version) / "run"
        process = subprocess.Popen(
            [sys.executable, "-m", "shop", "--port", "0", "--data-dir", str(data), "--release", release.version,
             "--pricing", release.pricing],
            cwd=self.folder,
            env=self._env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        try:
            yield _listening(process), data
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)

    def drive(self, base_url: str, seed: int) -> dict[str, float]:
        """Some seconds of traffic; returns the driver's summary."""
        done = self._python(
            ["traffic.py", "--base-url", base_url, "--seconds", str(TRAFFIC_SECONDS), "--rate-rps", str(TRAFFIC_RPS),
             "--seed", str(seed), "--json"],
        )  # fmt: skip
        if done.returncode != 0:
            raise ServiceUnavailable(f"the traffic driver failed: {done.stderr.strip()[-300:]}")
        summary: dict[str, float] = json.loads(done.stdout)
        return summary

    def _commit(self, release: Release) -> None:
        (self.folder / "release.env").write_text(
            f"SHOP_RELEASE={release.version}\nSHOP_PRICING={release.pricing}\n", encoding="utf-8"
        )
        self._git("add", "--all")
        self._git(*AUTHOR, "commit", "--quiet", "--message", release.message)
        self._git("tag", release.version)

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.folder, capture_output=True, text=True, env=self._env())
        if done.returncode != 0:
            raise ServiceUnavailable(f"git {arguments[0]} failed in {self.folder}: {done.stderr.strip()[:300]}")
        return done.stdout

    def _python(
        self,
        arguments: Sequence[str],
        *,
        pricing: str | None = None,
        extra: dict[str, str] | None = None,
        log: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        env = self._env() | (extra or {}) | ({"SHOP_PRICING": pricing} if pricing else {})
        done = subprocess.run([sys.executable, *arguments], cwd=self.folder, env=env, capture_output=True, text=True)
        if log is not None:
            log.write_text(done.stdout + done.stderr, encoding="utf-8")
        return done

    def _env(self) -> dict[str, str]:
        # The shop's package is found by PYTHONPATH alone: `python -m` must not need the current folder on the path.
        kept = {k: v for k, v in environment().items() if not k.startswith(("AQE_", "SHOP_", "GIT_", "COV_"))}
        return kept | {"PYTHONPATH": str(self.folder), "PYTHONSAFEPATH": "1", "GIT_CONFIG_GLOBAL": os.devnull}

    def _out(self, version: str) -> Path:
        folder = self.build / version
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _write(self, version: str, name: str, text: str) -> Path:
        path = self._out(version) / name
        path.write_text(text, encoding="utf-8")
        return path


def _listening(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith("listening on "):
        process.wait(timeout=SERVER_START_S)
        error = process.stderr.read().strip() if process.stderr else ""
        raise ServiceUnavailable(f"the shop did not start: {error[-300:] or line.strip() or 'no word from it'}")
    return line.removeprefix("listening on ").strip()

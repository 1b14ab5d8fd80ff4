"""`aqe init`: what a repository's files say about its quality tools becomes an aqe.yaml and a policy that it can meet.

`plan_init` is pure: names in, texts out. Reports are told by name; of logs, which are called after sites and programs,
the caller may say what their first lines are. In the texts `# ` starts a remark and `#` right before a word a setting
that is switched off.
"""

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from .settings import FILE_NAME

POLICY_NAME = "aqe-policy.yaml"
MAX_PATHS = 100_000
"""Enough for every repository; a home folder by mistake must not take minutes."""
MANY_FILES = 5
"""More files of a kind in one folder are named by a glob."""
SKIPPED_FOLDERS = frozenset(
    {".git", ".venv", "venv", "node_modules", "site-packages", ".aqe", "__pycache__", ".tox", ".nox"}
)


class Report(NamedTuple):
    """A kind of file that `aqe import` reads, and what a gate may ask of it."""

    title: str
    globs: tuple[str, ...]
    """Over lower-case names, or over paths when they hold a slash."""
    criteria: tuple[str, ...]
    format: str | None = None
    """Name of the importer for what is told by content."""


REPORTS = (
    # The first that fits takes the file.
    Report(
        "JUnit XML (test results)",
        ("junit*.xml", "*junit.xml", "test-*.xml", "*test-results*.xml", "*test_results*.xml", "*-reports/*.xml"),
        ("max_failed_tests",),
    ),
    Report("coverage.py JSON", ("coverage*.json",), ("min_line_coverage", "min_branch_coverage")),
    Report("Cobertura XML", ("coverage*.xml", "*cobertura*.xml"), ("min_line_coverage", "min_branch_coverage")),
    Report(
        "SARIF of a security scanner",
        tuple(f"*{tool}*.sarif*" for tool in ("bandit", "codeql", "gitleaks", "grype", "semgrep", "snyk", "trivy")),
        ("max_critical_vulnerabilities", "max_high_vulnerabilities", "max_medium_vulnerabilities"),
    ),
    Report("SARIF of a linter", ("*.sarif", "*.sarif.json"), ("max_critical_issues",)),
    Report(
        "access log (response times)",
        ("access.log", "access_log", "*access*.log"),
        ("max_p95_latency_ms", "min_throughput_rps", "max_error_rate_percent"),
        "access-log",
    ),
    Report("JSON lines log (error patterns)", ("*.jsonl", "*.ndjson", "*log.json"), (), "json-lines"),
)
LOGS = ("*.log", "*.log.*", "*log-[0-9]*", "*_log", "*_log.*", "*.jsonl", "*.ndjson")
"""Names of files whose content says what they are: `shop.example.org.log.1`, `haproxy.log-20260301.gz`."""


class Told(NamedTuple):
    """What the beginning of a file says that it is.

    Args:
        format: name of its importer.
        title: of the format, for people.
    """

    format: str
    title: str


class Tool(NamedTuple):
    """A build file, and the command that writes reports there."""

    file: str
    command: str


TOOLS = (
    Tool(
        "pyproject.toml",
        "pytest --junitxml=junit.xml --cov --cov-branch --cov-report=json && "
        "ruff check --output-format sarif --output-file ruff.sarif --exit-zero",
    ),
    Tool("package.json", "npx jest --coverage --coverageReporters=cobertura --reporters=jest-junit"),
    Tool("go.mod", "gotestsum --junitfile junit.xml ./..."),
    Tool("pom.xml", "mvn verify"),
    Tool("build.gradle", "gradle test"),
    Tool("build.gradle.kts", "gradle test"),
)


class Gate(NamedTuple):
    """A gate of the policy that is written; limits are those of the specification."""

    name: str
    enforcement: str
    criteria: tuple[tuple[str, str], ...]
    mandatory: bool = True


GATES = (
    Gate("test_results", "BLOCKING", (("max_failed_tests", "0"),)),
    Gate(
        "test_coverage",
        "BLOCKING",
        (("min_line_coverage", "85"), ("min_branch_coverage", "80"), ("min_mutation_score", "75")),
    ),
    Gate(
        "security",
        "BLOCKING",
        (
            ("max_critical_vulnerabilities", "0"),
            ("max_high_vulnerabilities", "0"),
            ("max_medium_vulnerabilities", "10"),
        ),
    ),
    Gate("code_quality", "BLOCKING", (("min_grade", '"B"'), ("max_critical_issues", "0"), ("max_code_smells", "50"))),
    Gate(
        "performance",
        "WARNING",
        (("max_p95_latency_ms", "500"), ("min_throughput_rps", "1000"), ("max_error_rate_percent", "0.1")),
    ),
    Gate("documentation", "ADVISORY", (("changelog_updated", "true"), ("api_docs_current", "true")), mandatory=False),
    Gate(
        "business_approval",
        "WARNING",
        (("product_manager_approval", "true"), ("stakeholder_signoff", "true")),
        mandatory=False,
    ),
)


class Found(NamedTuple):
    """A file that looks like a report."""

    path: str
    report: Report


@dataclass(frozen=True)
class InitPlan:
    """What was found, what to write, what to do next.

    Args:
        found: reports, in order of their paths.
        files: name in the project's root -> text.
        next_commands: two, for a shell.
    """

    found: tuple[Found, ...]
    files: tuple[tuple[str, str], ...]
    next_commands: tuple[str, str]


def list_paths(root: Path) -> list[str]:
    """Files below `root` with `/`, also those git ignores (reports usually are), without installed packages."""
    paths: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        paths += (Path(folder, file).relative_to(root).as_posix() for file in sorted(files))
        if len(paths) >= MAX_PATHS:
            break
    return paths[:MAX_PATHS]


def may_be_log(path: str) -> bool:
    """Whether the name is that of a log, whatever wrote it."""
    name = path.lower().rpartition("/")[2]
    return any(fnmatch(name, glob) for glob in LOGS)


def plan_init(paths: Iterable[str], *, project: str, told: Mapping[str, Told] = MappingProxyType({})) -> InitPlan:
    """Look at names, write nothing.

    Args:
        paths: relative to the project's root, with `/`.
        told: path -> what its content is; it counts for more than the name.
        project: its name, for remarks.
    """
    paths = sorted(paths)
    found = tuple(Found(path, report) for path in paths if (report := _report_of(path, told.get(path))))
    tools = [tool for tool in TOOLS if tool.file in paths]
    return InitPlan(
        found=found,
        files=((FILE_NAME, _settings_text(project)), (POLICY_NAME, _policy_text(project, found))),
        next_commands=_next_commands(found, tools),
    )


def write_plan(plan: InitPlan, root: Path) -> dict[str, bool]:
    """Write what is not there yet; what is there stays as it is.

    Returns:
        File name -> whether it was written.
    """
    written = {}
    for name, text in plan.files:
        try:
            with (root / name).open("x", encoding="utf-8") as stream:
                stream.write(text)
            written[name] = True
        except FileExistsError:
            written[name] = False
    return written


def _report_of(path: str, told: Told | None) -> Report | None:
    if told is not None:
        return next((r for r in REPORTS if r.format == told.format), Report(told.title, (), ()))
    path = path.lower()
    name = path.rpartition("/")[2]
    return next((r for r in REPORTS if any(fnmatch(path if "/" in g else name, g) for g in r.globs)), None)


def _next_commands(found: Sequence[Found], tools: Sequence[Tool]) -> tuple[str, str]:
    release = "$(git describe --tags --always)"
    importing = f"aqe import {_arguments(found) or 'REPORT'} --release {release}"
    if tools and not found:
        return tools[0].command, importing
    return importing, f"aqe deploy assess --version {release}"


def _arguments(found: Sequence[Found]) -> str:
    """The files for a shell; many of a kind in one folder as a glob."""
    groups: dict[tuple[str, str], list[str]] = {}
    for path, _ in found:
        folder, suffix = os.path.dirname(path), os.path.splitext(path)[1]
        groups.setdefault((folder, suffix), []).append(path)
    words = []
    for (folder, suffix), paths in groups.items():
        many = len(paths) > MANY_FILES and suffix
        parent = f"{shlex.quote(folder)}/" if folder else ""
        words.append(f"{parent}*{suffix}" if many else shlex.join(paths))
    return " ".join(words)


def _printable(text: str) -> str:
    """For a remark: a line break in a name would end it and become YAML."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _policy_text(project: str, found: Sequence[Found]) -> str:
    by_criterion = {c: f.path for f in reversed(found) for c in f.report.criteria}
    lines = [
        f"# When {_printable(project)} may be released. Written by `aqe init`, yours to change.",
        "# BLOCKING gates stop a release, WARNING gates warn, ADVISORY gates are only named. Gates without a report",
        "# here are switched off by the # before them: what nothing measures could only be INCONCLUSIVE.",
        "deployment_gates:",
    ]
    for section, mandatory in (("mandatory_gates", True), ("optional_gates", False)):
        gates = [gate for gate in GATES if gate.mandatory == mandatory]
        lines.append(f"  {section}:" if any(_is_on(gate, by_criterion) for gate in gates) else f"#  {section}:")
        for gate in gates:
            lines += [*_gate_lines(gate, by_criterion), ""]
    lines += [
        "# Risk counts what nobody measured at its worst. A metric that cannot be measured here leaves the risk when",
        "# you say why; every decision names it then.",
        "#not_applicable:",
        "#  - {metric: mutation_score, reason: no mutation testing in this project}",
        "#  - {metric: historicalStability, reason: nothing was deployed yet}  # until the first deployment",
    ]
    return "\n".join(lines) + "\n"


def _is_on(gate: Gate, by_criterion: dict[str, str]) -> bool:
    return any(criterion in by_criterion for criterion, _ in gate.criteria)


def _gate_lines(gate: Gate, by_criterion: dict[str, str]) -> list[str]:
    head = "" if _is_on(gate, by_criterion) else "#"
    lines = [f"{head}    {gate.name}:"]
    for criterion, limit in gate.criteria:
        path = by_criterion.get(criterion)
        lines.append(f"{'' if path else '#'}      {criterion}: {limit}{f'  # {_printable(path)}' if path else ''}")
    return [*lines, f"{head}      enforcement: {gate.enforcement}"]


_SETTINGS = """\
# Settings of the AQE fleet for {project}. Flags and AQE_ variables win over this file;
# `aqe config show` says what is in force and why. Take away the # before a setting to switch it on.

policy:
  file: {policy}
#  fast_track: aqe-hotfix-policy.yaml  # narrower, for --fast-track

# A named fleet keeps its keys apart from others on the same server; a Redis Cluster needs one.
#fleet:
#  name: shop
#  log_level: info  # debug, info, warning, error, critical
#  log_format: console  # console, json
#  data_dir: .aqe

# Without a URL an embedded server is started. Keep passwords out of this file.
#redis:
#  url: redis://127.0.0.1:6379/0
#  password_file: /run/secrets/redis-password

# Who may approve, and in which role. `aqe approver hash` makes the line `secret_hash: ...` of a personal secret.
#approvers:
#  release-manager:
#    emails: [release-manager@example.org]
#    roles: ["VP Engineering"]

# What is asked before a release (`aqe deploy checklist`), and files that answer some of it.
#checklist:
#  file: aqe-checklist.yaml  # your own list
#  changelog: CHANGELOG.md
#  runbook: docs/{{version}}-rollback.md
#  migrations: reports/migrations.xml

# Whom reports name.
#on_call:
#  primary: {{name: Release engineer, contact: "#releases"}}

# Where messages go.
#notify:
#  engineering-alerts:
#    kind: slack  # teams, email, pagerduty, opsgenie, victorops, webhook, file, console, or any of apprise's
#    url_file: /run/secrets/slack-webhook
#    events: ["deployment:*", "deployment-readiness:assessed"]
#    only: {{decision: [BLOCKED, PENDING_APPROVAL]}}  # of events that have a decision

# Running systems, by environment: what generated tests call.
#targets:
#  staging:
#    base_url: https://staging.example.org

# What belongs to which feature (`aqe production feature-usage`); what is not named here is named after its path.
#features:
#  checkout:
#    paths: ["/checkout*", "/api/orders*"]
#    events: ["checkout_*", purchase]
#    code: ["shop/checkout/*"]  # for its test coverage; without, files and folders called `checkout`

# What is taken out of production data before it is stored, besides e-mail addresses, tokens and the like. Kinds under
# `keep` stay in; the audit log names each import that it concerns.
#redaction:
#  keep: [ip]
#  fields: [customerNumber]
#  patterns:
#    order: 'ORD-[0-9]{{8}}'

# How long bulk data (logs, access logs) is kept, and how many dead letters of an event type.
#retention:
#  default_days: 30
#  dead_letters: 10000
#  days:
#    access: 7
"""


def _settings_text(project: str) -> str:
    return _SETTINGS.format(project=_printable(project), policy=POLICY_NAME)

"""SARIF 2.1.0: one format, written by security scanners and by linters; which of the two a result is decides where it
counts.

A result is a *security* finding when its rule has a `security-severity` or is tagged `security`, when it is one of
ruff's S rules (flake8-bandit), or when its tool is a security scanner (`SECURITY_TOOLS`) and the rule is not tagged as
a matter of quality (CodeQL and Semgrep run such rules too). Its severity is the CVSS score in `security-severity`;
`level` is not one. Without a score it is unknown, unless the tool names it (`issue_severity`, as Bandit does).
Everything else is *code quality*: level error -> major, warning and note -> minor. ruff calls all its findings errors,
so there the rule decides: F, E9 and syntax errors are major, the rest minor.

No finding is a measurement only of what was looked for. A security scanner without findings is clean. A linter without
findings is clean as a linter; for security only if its rules list a security rule. ruff lists just the rules that
found something, so an empty ruff report says nothing about security, whatever was selected.

Not findings: `kind` other than fail; `baselineState: absent` (gone since the baseline; unchanged ones count); results
whose suppressions are all accepted (`underReview` and `rejected` do not suppress).
"""

import re
from collections import Counter
from datetime import datetime
from heapq import nsmallest
from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import MAX_FINDINGS, Finding, MetricValue, Outcome, SignalKind, SignalPart
from ..documents import JsonFormat, clean, finding, no_value
from ..times import utc_moment
from ..vulnerabilities import cvss, severity_of_cvss
from . import ruff

SECURITY_TOOLS = (
    "bandit", "bearer", "brakeman", "burp", "checkmarx", "checkov", "clair", "codeql", "dependency check",
    "dependency-check", "detect-secrets", "devskim", "find security bugs", "findsecbugs", "flawfinder", "fortify",
    "gitleaks", "gosec", "govulncheck", "grype", "horusec", "kics", "kubesec", "mobsf", "njsscan", "nodejsscan",
    "npm audit", "nuclei", "osv", "owasp", "pip-audit", "prisma cloud", "retire.js", "safety", "semgrep", "snyk",
    "terrascan", "tfsec", "trivy", "trufflehog", "veracode", "zap",
)  # fmt: skip
"""A tool with a word in its name that begins with one of these is a security scanner."""
_SECURITY_TOOL = re.compile(rf"\b(?:{'|'.join(map(re.escape, SECURITY_TOOLS))})", re.IGNORECASE)
_SECURITY_TAG = re.compile(r"security|vulnerability|external/cwe/.*", re.IGNORECASE)
_QUALITY_TAG = re.compile(r"maintainability|reliability|correctness|readability|quality|best-practice", re.IGNORECASE)
_NAMED_SEVERITIES = {"CRITICAL": "critical", "HIGH": "high", "MEDIUM": "medium", "LOW": "low"}
_WORST_FIRST = ("critical", "high", "unknown", "medium", "low", "error", "warning", "note", "none")
"""Severities, then levels; unknown is judged as high."""
_BEFORE_RUNS = re.compile(r'\{\s*(?:"[^"]*"\s*:\s*"[^"]*"\s*,\s*)*"runs"\s*:\s*(?:\[|null)')

_Json = dict[str, Any]


class Sarif(JsonFormat):
    """SARIF 2.1.0 -> security, code-quality, or both."""

    name = "sarif"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value, SignalKind.CODE_QUALITY.value)
    about = About(
        title="SARIF (security scanners and linters)",
        producers="CodeQL, Semgrep, Trivy, Grype, Bandit, gosec, ruff, ESLint, SpotBugs, ...",
        versions="2.1.0",
        recognised_by="its `$schema`, or `runs` after nothing but texts",
        fields="`results` rule, level, kind, suppressions, baselineState; `rules` severity, tags; `invocations`",
        metrics=(
            "critical_vulnerabilities",
            "high_vulnerabilities",
            "medium_vulnerabilities",
            "low_vulnerabilities",
            "unknown_vulnerabilities",
            "max_cvss",
            "major_issues",
            "minor_issues",
        ),
        sample=Sample.REAL,
        how_to_export="semgrep --sarif, trivy --format sarif, ruff check --output-format sarif, codeql, ...",
    )

    def recognises(self, head: Head) -> bool:
        """By its schema, or by `runs` after nothing but texts."""
        if not head.is_json_object:
            return False
        return _BEFORE_RUNS.match(head.text) is not None or (
            "sarif" in head.text[:500].lower() and '"runs"' in head.text
        )

    def read(self, document: Any) -> Parsed:
        """Count what the runs found."""
        version = document.get("version", "2.1.0")
        if not isinstance(version, str) or not version.startswith("2.1"):
            raise InputError(f"SARIF: version is {clean(version, 20)!r}, expected 2.1.0")
        if "runs" not in document:
            raise InputError("SARIF: no `runs`", hint="expected a SARIF 2.1.0 document")
        runs = document["runs"]
        if not runs:
            return no_value(Outcome.NOT_MEASURED, "`runs` is empty: no tool ran", tool="sarif")
        if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
            raise InputError("SARIF: `runs` is no list of objects")
        return _read(runs)


def _read(runs: list[_Json]) -> Parsed:
    totals, unmeasured = _Totals(), []
    for index, run in enumerate(runs):
        tool = _Tool(run)
        if any(_object(i).get("executionSuccessful") is False for i in _list(run.get("invocations"))):
            reason = f"{tool.name} says that its run failed (executionSuccessful is false)"
            return no_value(Outcome.TOOL_FAILED, reason, tool.kind, tool=tool.name)
        results = run.get("results")
        if results is None:
            unmeasured.append((tool, f"{tool.name} gives no results (it did not scan, or they lie in another file)"))
            continue
        if not isinstance(results, list):
            raise InputError(f"SARIF: runs[{index}].results is a {type(results).__name__}, expected a list")
        totals.add_run(run, tool)
        for result in results:
            totals.add(_object(result), tool)
    if len(unmeasured) == len(runs):
        tool, reason = unmeasured[0]
        return no_value(Outcome.NOT_MEASURED, reason, tool.kind, tool=tool.name)
    return totals.parsed(tuple(reason for _, reason in unmeasured))


class _Tool:
    """The tool of one run, with its rules."""

    def __init__(self, run: _Json) -> None:
        component = _object(run.get("tool"))
        driver = _object(component.get("driver"))
        self.name = clean(driver.get("name") or "unnamed tool", 80)
        self.version = clean(driver.get("semanticVersion") or driver.get("version") or "", 40) or None
        self.is_scanner = _SECURITY_TOOL.search(self.name) is not None
        self.is_ruff = self.name.lower() == "ruff"
        self.kind = SignalKind.SECURITY if self.is_scanner else SignalKind.CODE_QUALITY
        extensions = [_object(extension) for extension in _list(component.get("extensions"))]
        # SARIF 3.52: rules are named by id, or by index into the driver or into one of its extensions.
        self._rules = [[_object(r) for r in _list(part.get("rules"))] for part in (driver, *extensions)]
        self._by_id = {_text(rule.get("id")): rule for part in reversed(self._rules) for rule in part}
        self.looks_for_security = self.is_scanner or any(self.is_security(id_, r) for id_, r in self._by_id.items())

    def rule_of(self, result: _Json) -> tuple[str, _Json]:
        """Id and descriptor of a result's rule; {} when the file does not describe it."""
        reference = _object(result.get("rule"))
        id_ = _text(result.get("ruleId")) or _text(reference.get("id"))
        if id_:
            # 3.27.5: `CA1000/1` is a variant of rule CA1000.
            rule = self._by_id.get(id_) or self._by_id.get(id_.rpartition("/")[0])
            if rule is not None:
                return id_, rule
        part = _object(reference.get("toolComponent")).get("index", -1)
        index = result.get("ruleIndex", reference.get("index", -1))
        if isinstance(index, int) and isinstance(part, int) and 0 <= part + 1 < len(self._rules):
            rules = self._rules[part + 1]
            if 0 <= index < len(rules):
                return id_ or _text(rules[index].get("id")), rules[index]
        return id_, {}

    def is_security(self, id_: str, rule: _Json) -> bool:
        """Does the rule look for a vulnerability?"""
        properties = _object(rule.get("properties"))
        tags = [tag for tag in _list(properties.get("tags")) if isinstance(tag, str)]
        if "security-severity" in properties or any(_SECURITY_TAG.fullmatch(tag) for tag in tags):
            return True
        if self.is_ruff:
            return ruff.is_security(id_)
        return self.is_scanner and not any(_QUALITY_TAG.fullmatch(tag) for tag in tags)


class _Totals:
    """What all runs of a file found."""

    def __init__(self) -> None:
        self.tools: list[_Tool] = []
        self.security: Counter[str] = Counter()
        self.quality: Counter[str] = Counter()
        self.max_cvss = 0.0
        self.measured_at: datetime | None = None
        self._found: list[tuple[bool, int, str, str, _Json, _Json]] = []

    def add_run(self, run: _Json, tool: _Tool) -> None:
        self.tools.append(tool)
        for invocation in map(_object, _list(run.get("invocations"))):
            at = utc_moment(invocation.get("endTimeUtc") or invocation.get("startTimeUtc"))
            if at is not None and (self.measured_at is None or at > self.measured_at):
                self.measured_at = at

    def add(self, result: _Json, tool: _Tool) -> None:
        """One result."""
        if result.get("kind", "fail") != "fail" or result.get("baselineState") == "absent" or _is_suppressed(result):
            return
        id_, rule = tool.rule_of(result)
        properties = _object(result.get("properties"))
        is_security = "security-severity" in properties or tool.is_security(id_, rule)
        if is_security:
            score = _cvss(properties) or _cvss(_object(rule.get("properties")))
            self.max_cvss = max(self.max_cvss, score or 0.0)
            severity = _severity(score, properties)
            self.security[severity] += 1
        else:
            severity = _level(result, rule)
            is_error = ruff.is_error(id_) if tool.is_ruff else severity == "error"
            self.quality["major" if is_error else "minor"] += 1
        self._found.append((is_security, _WORST_FIRST.index(severity), severity, id_, rule, result))

    def parsed(self, notes: tuple[str, ...]) -> Parsed:
        signals = []
        if any(tool.looks_for_security for tool in self.tools) or self.security:
            signals.append((SignalKind.SECURITY, self._part(True, self._security_metrics())))
        if not all(tool.is_scanner for tool in self.tools) or self.quality:
            counts: dict[str, MetricValue] = {
                "major_issues": self.quality["major"],
                "minor_issues": self.quality["minor"],
            }
            signals.append((SignalKind.CODE_QUALITY, self._part(False, counts)))
        outcome = Outcome.VALUE if self._found else Outcome.CLEAN
        return Parsed(outcome, signals=tuple(signals), notes=notes)

    def _security_metrics(self) -> dict[str, MetricValue]:
        metrics: dict[str, MetricValue] = {
            f"{severity}_vulnerabilities": self.security[severity]
            for severity in ("critical", "high", "medium", "low", "unknown")
        }
        # Without any score the highest is unknown, unless there is nothing to score.
        if self.max_cvss or not self.security:
            metrics["max_cvss"] = self.max_cvss
        return metrics

    def _part(self, is_security: bool, metrics: dict[str, MetricValue]) -> SignalPart:
        tools = [t for t in self.tools if (t.looks_for_security if is_security else not t.is_scanner)] or self.tools
        found = [entry for entry in self._found if entry[0] is is_security]
        worst = nsmallest(MAX_FINDINGS, found, key=lambda entry: entry[1])
        return SignalPart(
            tool=", ".join(dict.fromkeys(tool.name for tool in tools)),
            tool_version=tools[0].version if len(tools) == 1 else None,
            outcome=Outcome.VALUE if found else Outcome.CLEAN,
            measured_at=self.measured_at,
            metrics=metrics,
            findings=tuple(_finding(*entry[2:]) for entry in worst),
        )


def _is_suppressed(result: _Json) -> bool:
    suppressions = _list(result.get("suppressions"))
    return bool(suppressions) and all(_object(s).get("status", "accepted") == "accepted" for s in suppressions)


def _cvss(properties: _Json) -> float | None:
    return cvss(properties.get("security-severity"))


def _severity(score: float | None, properties: _Json) -> str:
    if score is None:
        return _NAMED_SEVERITIES.get(_text(properties.get("issue_severity")).upper(), "unknown")
    return severity_of_cvss(score)


def _level(result: _Json, rule: _Json) -> str:
    level = result.get("level") or _object(rule.get("defaultConfiguration")).get("level")
    return level if level in ("error", "warning", "note", "none") else "warning"


def _finding(severity: str, id_: str, rule: _Json, result: _Json) -> Finding:
    locations = _list(result.get("locations"))
    place = _object(_object(locations[0] if locations else None).get("physicalLocation"))
    file = _object(place.get("artifactLocation")).get("uri")
    line = _object(place.get("region")).get("startLine")
    return finding(id_ or "(no rule)", _message(result, rule), severity, file, line)


def _message(result: _Json, rule: _Json) -> str:
    """3.11: the text, or a template of the rule with its arguments."""
    message = _object(result.get("message"))
    text = _text(message.get("text")) or _text(message.get("markdown"))
    if text:
        return text
    template = _object(_object(rule.get("messageStrings")).get(_text(message.get("id"))))
    text = _text(template.get("text")) or _text(_object(rule.get("shortDescription")).get("text")) or "(no message)"
    for index, argument in enumerate(_list(message.get("arguments"))[:10]):
        text = text.replace(f"{{{index}}}", clean(argument))
    return text


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _object(value: object) -> _Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

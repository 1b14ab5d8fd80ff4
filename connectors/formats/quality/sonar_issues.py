"""SonarQube's issues: `api/issues/search`, or the list of its issues.

Only open ones count: no resolution, and not accepted or false (10.4 and later say so in `issueStatus`). Vulnerabilities
are security, bugs and code smells code quality. Two scales: BLOCKER to INFO, and in MQR mode (10.2 and later) `impacts`
with BLOCKER, HIGH, MEDIUM, LOW, INFO a quality. SonarQube gives 10,000 results at most: an answer with fewer issues
than its `total` is a part.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, clean
from ..issues import METRICS as QUALITY_METRICS
from ..issues import Issues, Level
from ..shapes import MaybeListed, Shape, dict_at, first_of, shaped_list
from ..vulnerabilities import METRICS, Vulnerabilities

_WHAT = "SonarQube issues"
# Both scales; each has words that the other has not.
_LEVELS: dict[str, Level] = {
    "BLOCKER": "critical", "CRITICAL": "critical", "HIGH": "critical", "MAJOR": "major", "MEDIUM": "major",
    "MINOR": "minor", "LOW": "minor", "INFO": "minor",
}  # fmt: skip
_SEVERITIES = {
    "BLOCKER": "critical", "CRITICAL": "high", "HIGH": "high", "MAJOR": "medium", "MEDIUM": "medium", "MINOR": "low",
    "LOW": "low", "INFO": "info",
}  # fmt: skip
_ORDER = list(_SEVERITIES)
_CLOSED = ("RESOLVED", "CLOSED", "ACCEPTED", "FALSE_POSITIVE", "FIXED")


class _Impact(Shape):
    severity: str
    software_quality: Any = None


class _Issue(Shape):
    rule: Any
    component: Any
    severity: str | None = None
    type: str | None = None
    status: Any = None
    issue_status: Any = None
    resolution: Any = None
    message: Any = None
    line: Any = None
    impacts: MaybeListed[_Impact]

    def is_open(self) -> bool:
        return not self.resolution and self.status not in _CLOSED and self.issue_status not in _CLOSED

    def is_security(self) -> bool:
        """By its type; without one, by what it has an impact on."""
        if self.type:
            return self.type == "VULNERABILITY"
        return any(impact.software_quality == "SECURITY" for impact in self.impacts)

    def worst(self) -> str:
        """The severity, else the worst impact."""
        words = [self.severity] if self.severity else [impact.severity for impact in self.impacts]
        known = [word for word in words if word in _ORDER]
        if len(known) < len(words) or not known:
            raise InputError(f"{_WHAT}: an issue has the severity {clean(first_of(words), 40)!r}")
        return min(known, key=_ORDER.index)


class SonarIssues(JsonFormat):
    """SonarQube issues -> code-quality, security."""

    name = "sonar-issues"
    produces: tuple[str, ...] = (SignalKind.CODE_QUALITY.value, SignalKind.SECURITY.value)
    documents = (dict, list)
    about = About(
        title="SonarQube issues",
        producers="SonarQube Server, SonarQube Cloud",
        versions="5 to 2025; Standard and MQR mode",
        recognised_by="`issues` (or a list) whose first has `rule`, `component` and `severity` or `impacts`",
        fields="type, severity, impacts, status, issueStatus, resolution, rule, component, line; `paging` total",
        metrics=("critical_issues", *QUALITY_METRICS, "code_smells", *METRICS),
        sample=Sample.RECORDED,
        how_to_export="GET api/issues/search?componentKeys=KEY&resolved=false&ps=500 (all pages)",
    )

    def recognises(self, head: Head) -> bool:
        """By the first issue."""
        issues = head.json if isinstance(head.json, list) else dict_at(head.json).get("issues")
        first = dict_at(first_of(issues)) if isinstance(issues, list) else {}
        if issues == [] and {"paging", "effortTotal"} <= head.json_keys:
            return True
        return {"rule", "component"} <= first.keys() and bool({"severity", "impacts"} & first.keys())

    def read(self, document: Any) -> Parsed:
        """Count the open issues."""
        raw = document if isinstance(document, list) else document.get("issues")
        entries = shaped_list(_Issue, raw, _WHAT)
        total = dict_at(document, "paging").get("total")
        if isinstance(total, int) and total > len(entries):
            reason = f"the answer has {len(entries)} of {total} issues: get all pages"
            return Parsed(Outcome.TOOL_FAILED, reason=reason)
        issues, found = Issues("sonarqube", ("critical", "major", "minor")), Vulnerabilities("sonarqube")
        smells = 0
        for index, entry in enumerate(entries):
            if not entry.is_open():
                found.left_out["closed"] += 1
            elif entry.type == "SECURITY_HOTSPOT":
                found.left_out["hotspots to be reviewed"] += 1
            else:
                smells += entry.type == "CODE_SMELL"
                _add(found, issues, entry, index)
        quality = issues.parsed(more={"code_smells": smells})
        security = found.parsed()
        outcome = Outcome.CLEAN if quality.outcome is security.outcome is Outcome.CLEAN else Outcome.VALUE
        return Parsed(outcome, signals=(*quality.signals, *security.signals), notes=security.notes)


def _add(found: Vulnerabilities, issues: Issues, entry: _Issue, same: int) -> None:
    word, file = entry.worst(), clean(entry.component).rpartition(":")[2]
    if entry.is_security():
        found.add(same, _SEVERITIES[word], rule=entry.rule, message=entry.message, file=file, line=entry.line)
    else:
        issues.add(_LEVELS[word], rule=entry.rule, message=entry.message, file=file, line=entry.line)

"""GitLab's security reports: SAST, dependency, container, secret and DAST scans share one schema.

`scan.status: failure` means that the analyzer failed, whatever it lists.
"""

from typing import Any

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, clean
from ..shapes import Listed, SnakeShape, dict_at, first_of, shaped
from ..times import utc_moment
from ..vulnerabilities import METRICS, Vulnerabilities


class _Vulnerability(SnakeShape):
    id: Any = None
    cve: Any = None
    name: Any = None
    message: Any = None
    description: Any = None
    severity: Any = None
    location: Any = None
    identifiers: Any = None

    def rule(self) -> str:
        """The first identifier."""
        first = dict_at(first_of(self.identifiers))
        return clean(first.get("value") or first.get("name") or self.cve or self.name)


class _Report(SnakeShape):
    version: str
    vulnerabilities: Listed[_Vulnerability]
    scan: Any = None


class GitlabSecurity(JsonFormat):
    """GitLab security report -> security."""

    name = "gitlab-security"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    about = About(
        title="GitLab security report",
        producers="GitLab's analyzers (gl-sast-report.json, ...), Trivy and others with --format gitlab",
        versions="schema 2 to 15",
        recognised_by="`version`, `vulnerabilities` and `scan`, or whose first has `location` and `identifiers`",
        fields="`vulnerabilities` id, severity, name, location, identifiers; `scan` status, scanner, end_time",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="the job's artifact, such as gl-sast-report.json",
    )

    def recognises(self, head: Head) -> bool:
        """By its keys, or by the first vulnerability."""
        if not {"version", "vulnerabilities"} <= head.json_keys or "bomFormat" in head.json_keys:
            return False
        first = dict_at(first_of(dict_at(head.json).get("vulnerabilities")))
        return bool({"scan", "remediations"} & head.json_keys) or {"location", "identifiers"} <= first.keys()

    def read(self, document: Any) -> Parsed:
        """Count the vulnerabilities."""
        report = shaped(_Report, document, self.about.title)
        scan = dict_at(report.scan)
        scanner = dict_at(scan, "scanner")
        if scan.get("status") == "failure":
            name = clean(scanner.get("name") or "the scan")
            return Parsed(Outcome.TOOL_FAILED, reason=f"{name} failed (scan.status)")
        found = Vulnerabilities("gitlab-security")
        for index, entry in enumerate(report.vulnerabilities):
            where = dict_at(entry.location)
            same = clean(entry.id or entry.cve) or index
            message = entry.message or entry.name or entry.description
            file, line = where.get("file"), where.get("start_line")
            found.add(same, entry.severity, rule=entry.rule(), message=message, file=file, line=line)
        return found.parsed(version=scanner.get("version"), measured_at=utc_moment(scan.get("end_time")))

"""Grype's JSON.

One vulnerability of one package stands there once a path; Negligible is low. What a rule ignores is apart.
"""

from typing import Any

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import JsonFormat, clean
from ..shapes import Listed, MaybeListed, Shape, dict_at, shaped
from ..times import utc_moment
from ..vulnerabilities import METRICS, Vulnerabilities, cvss


class _Vulnerability(Shape):
    id: str
    severity: Any = None
    description: Any = None
    cvss: MaybeListed[Any]


class _Artifact(Shape):
    name: Any = None
    version: Any = None


class _Match(Shape):
    vulnerability: _Vulnerability
    artifact: _Artifact
    related_vulnerabilities: MaybeListed[Any]

    def score(self) -> float | None:
        """The highest, of the vulnerability itself or else of those it stands for."""
        own = self.vulnerability.cvss
        related = [entry for other in self.related_vulnerabilities for entry in dict_at(other).get("cvss") or ()]
        for entries in (own, related):
            scores = [cvss(dict_at(entry, "metrics").get("baseScore")) for entry in entries]
            if any(scores):
                return max(filter(None, scores))
        return None


class _Report(Shape):
    matches: Listed[_Match]
    descriptor: Any = None


class Grype(JsonFormat):
    """Grype -> security."""

    name = "grype"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    about = About(
        title="Grype report",
        producers="Grype",
        versions="Grype 0",
        recognised_by="`matches` with `source`, `distro` or a `descriptor`",
        fields="`matches` vulnerability id, severity, cvss; artifact name, version; `descriptor` version, timestamp",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="grype IMAGE -o json > grype.json",
    )

    def recognises(self, head: Head) -> bool:
        """By its keys; a long first list may hide the others."""
        first = dict_at(head.json).get("matches")
        if not isinstance(first, list):
            return False
        return bool({"source", "distro", "descriptor"} & head.json_keys) or (
            bool(first) and {"vulnerability", "artifact"} <= dict_at(first[0]).keys()
        )

    def read(self, document: Any) -> Parsed:
        """Count the matches."""
        report = shaped(_Report, document, self.about.title)
        found = Vulnerabilities("grype")
        for match in report.matches:
            entry = match.vulnerability
            package = f"{clean(match.artifact.name, 100)} {clean(match.artifact.version, 40)}"
            message = f"{package}: {clean(entry.description)}"
            found.add((entry.id, package), entry.severity, rule=entry.id, message=message, score=match.score())
        descriptor = dict_at(report.descriptor)
        return found.parsed(version=descriptor.get("version"), measured_at=utc_moment(descriptor.get("timestamp")))

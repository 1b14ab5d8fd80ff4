"""CycloneDX with vulnerabilities (VEX, or a bill of materials with findings).

A bill of materials without `vulnerabilities` says nothing about them. The worst of the ratings counts. What the
analysis found to be not affected, false or resolved does not count.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, clean
from ..shapes import MaybeListed, Shape, dict_at, shaped_list
from ..times import utc_moment
from ..vulnerabilities import METRICS, SEVERITIES, Vulnerabilities, cvss

_NOT_AFFECTED = ("not_affected", "false_positive", "resolved", "resolved_with_pedigree")


class _Rating(Shape):
    severity: Any = None
    score: Any = None
    method: Any = None

    def cvss(self) -> float | None:
        """The score, where it is a CVSS score (OWASP's and others are not)."""
        return cvss(self.score) if str(self.method).upper().startswith("CVSS") else None


class _Vulnerability(Shape):
    id: Any = None
    ratings: MaybeListed[_Rating]
    description: Any = None
    analysis: Any = None

    def severity(self) -> str | None:
        """The worst word; None = nobody rated it."""
        words = [rating.severity for rating in self.ratings if isinstance(rating.severity, str)]
        known = [word for word in words if word in SEVERITIES and word != "unknown"]
        return min(known, key=SEVERITIES.index) if known else next(iter(words), None)


class CycloneDx(JsonFormat):
    """CycloneDX -> security."""

    name = "cyclonedx-json"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    about = About(
        title="CycloneDX with vulnerabilities (VEX), JSON",
        producers="Trivy, Grype, Dependency-Track, cdxgen, ...",
        versions="1.4 and later",
        recognised_by="`bomFormat` CycloneDX",
        fields="`vulnerabilities` id, ratings, description, analysis state; `metadata` timestamp",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="trivy image --format cyclonedx --scanners vuln -o vex.json IMAGE; grype -o cyclonedx-json",
    )

    def recognises(self, head: Head) -> bool:
        """By its format."""
        return dict_at(head.json).get("bomFormat") == "CycloneDX"

    def read(self, document: Any) -> Parsed:
        """Count those that affect."""
        if document.get("bomFormat") != "CycloneDX":
            raise InputError("CycloneDX: bomFormat is not CycloneDX")
        if "vulnerabilities" not in document:
            reason = "a bill of materials without vulnerabilities: nobody looked for any"
            return Parsed(Outcome.NOT_MEASURED, reason=reason)
        found = Vulnerabilities("cyclonedx")
        for index, entry in enumerate(shaped_list(_Vulnerability, document["vulnerabilities"], self.about.title)):
            state = dict_at(entry.analysis).get("state")
            if state in _NOT_AFFECTED:
                found.left_out[str(state)] += 1
                continue
            score = max((rating.cvss() or 0.0 for rating in entry.ratings), default=0.0) or None
            found.add(clean(entry.id) or index, entry.severity(), rule=entry.id, message=entry.description, score=score)
        return found.parsed(measured_at=utc_moment(dict_at(document, "metadata").get("timestamp")))

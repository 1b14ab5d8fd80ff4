"""SonarQube's security hotspots (`api/hotspots/search`): places that a person has to look at.

Until somebody has, a hotspot counts as a vulnerability of its probability; one that was reviewed counts only when it
was acknowledged. Hotspots are a separate API: the issues do not have them.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, clean, no_value
from ..shapes import Shape, dict_at, first_of, shaped_list
from ..vulnerabilities import METRICS, Vulnerabilities

_WHAT = "SonarQube hotspots"
_PROBABILITIES = {"HIGH": "high", "MEDIUM": "medium", "LOW": "low"}


class _Hotspot(Shape):
    key: Any
    vulnerability_probability: str
    status: str
    resolution: Any = None
    component: Any = None
    security_category: Any = None
    rule_key: Any = None
    message: Any = None
    line: Any = None


class SonarHotspots(JsonFormat):
    """SonarQube security hotspots -> security."""

    name = "sonar-hotspots"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    documents = (dict, list)
    about = About(
        title="SonarQube security hotspots",
        producers="SonarQube Server, SonarQube Cloud",
        versions="8.1 to 2025",
        recognised_by="`hotspots` (or a list) whose first has `vulnerabilityProbability`",
        fields="vulnerabilityProbability, status, resolution, securityCategory, ruleKey, component, line; "
        "`paging` total",
        metrics=METRICS,
        sample=Sample.RECORDED,
        how_to_export="GET api/hotspots/search?projectKey=KEY&ps=500 (all pages)",
    )

    def recognises(self, head: Head) -> bool:
        """By the first hotspot."""
        spots = head.json if isinstance(head.json, list) else dict_at(head.json).get("hotspots")
        is_empty = spots == [] and "paging" in head.json_keys
        return is_empty or (isinstance(spots, list) and "vulnerabilityProbability" in dict_at(first_of(spots)))

    def read(self, document: Any) -> Parsed:
        """Count those that nobody has found safe or mended."""
        raw = document if isinstance(document, list) else document.get("hotspots")
        entries = shaped_list(_Hotspot, raw, _WHAT)
        total = dict_at(document, "paging").get("total")
        if isinstance(total, int) and total > len(entries):
            reason = f"the answer has {len(entries)} of {total} hotspots: get all pages"
            return no_value(Outcome.TOOL_FAILED, reason, SignalKind.SECURITY, tool="sonarqube-hotspots")
        found = Vulnerabilities("sonarqube-hotspots")
        for entry in entries:
            severity = _PROBABILITIES.get(entry.vulnerability_probability)
            if severity is None or entry.status not in ("TO_REVIEW", "REVIEWED"):
                word = clean(entry.vulnerability_probability if severity is None else entry.status, 40)
                raise InputError(f"{_WHAT}: one has the probability or status {word!r}")
            if entry.status == "REVIEWED" and entry.resolution != "ACKNOWLEDGED":
                found.left_out["reviewed"] += 1
                continue
            found.add(
                clean(entry.key),
                severity,
                rule=entry.rule_key or entry.security_category,
                message=entry.message,
                file=clean(entry.component).rpartition(":")[2],
                line=entry.line,
            )
        return found.parsed()

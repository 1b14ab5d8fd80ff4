"""Trivy's JSON: vulnerabilities, misconfigurations and secrets of an image, a file system or a cluster.

Without `Results` there was nothing to report: clean. Before schema 2 the document was the list of results; for a
cluster the results stand in `Resources`. Checks that passed are listed too. Licences are no vulnerabilities.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import ConfigDict
from pydantic.alias_generators import to_pascal

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import JsonFormat, clean
from ..shapes import MaybeListed, Shape, dict_at, first_of, shaped, shaped_list
from ..times import utc_moment
from ..vulnerabilities import METRICS, Vulnerabilities, cvss

_WHAT = "Trivy"


class _Pascal(Shape):
    model_config = ConfigDict(alias_generator=to_pascal)

    severity: Any = None
    title: Any = None


class _Vulnerability(_Pascal):
    model_config = ConfigDict(alias_generator=lambda name: {"cvss": "CVSS", "vulnerability_id": "VulnerabilityID"}.get(
        name, to_pascal(name)
    ))  # fmt: skip

    vulnerability_id: str
    pkg_name: Any = None
    installed_version: Any = None
    severity_source: Any = None
    cvss: Any = None

    def score(self) -> float | None:
        """Of the source that gave the severity, else the highest."""
        scores = {source: cvss(dict_at(of).get("V3Score")) for source, of in dict_at(self.cvss).items()}
        if isinstance(self.severity_source, str) and scores.get(self.severity_source):
            return scores[self.severity_source]
        return max((score for score in scores.values() if score), default=None)


class _Check(_Pascal):
    model_config = ConfigDict(alias_generator=lambda name: "ID" if name == "id" else to_pascal(name))

    id: Any = None
    status: str = "FAIL"
    message: Any = None
    cause_metadata: Any = None


class _Secret(_Pascal):
    model_config = ConfigDict(alias_generator=lambda name: "RuleID" if name == "rule_id" else to_pascal(name))

    rule_id: Any = None
    start_line: Any = None


class _Result(_Pascal):
    target: Any
    vulnerabilities: MaybeListed[_Vulnerability]
    misconfigurations: MaybeListed[_Check]
    secrets: MaybeListed[_Secret]


class _Resource(_Pascal):
    results: MaybeListed[_Result]


class _Report(_Resource):
    resources: MaybeListed[_Resource]


class Trivy(JsonFormat):
    """Trivy -> security."""

    name = "trivy"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    documents = (dict, list)
    about = About(
        title="Trivy report",
        producers="Trivy",
        versions="schema 2, the list before it, and `trivy k8s`",
        recognised_by="`SchemaVersion` with `ArtifactName` or `Results`; `ClusterName`; a list with `Target`",
        fields="`Vulnerabilities` id, package, severity, CVSS; failed `Misconfigurations`; `Secrets`",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="trivy image --format json -o trivy.json IMAGE (or trivy fs, trivy k8s --report all)",
    )

    def recognises(self, head: Head) -> bool:
        """By its keys, or by the first result."""
        keys = head.json_keys
        if "SchemaVersion" in keys or "ClusterName" in keys:
            return bool({"ArtifactName", "ArtifactType", "Results", "Resources"} & keys)
        first = first_of(head.json) if isinstance(head.json, list) else None
        return isinstance(first, dict) and {"Target", "Type"} <= first.keys()

    def read(self, document: Any) -> Parsed:
        """Count what all results have."""
        found = Vulnerabilities("trivy")
        for result in _results(document):
            _add(found, result)
        created = document.get("CreatedAt") if isinstance(document, dict) else None
        return found.parsed(measured_at=utc_moment(created))


def _results(document: Any) -> Iterator[_Result]:
    if isinstance(document, list):
        yield from shaped_list(_Result, document, _WHAT)
        return
    if not {"SchemaVersion", "ClusterName"} & document.keys():
        raise InputError(f"{_WHAT}: no SchemaVersion", hint="expected the output of trivy --format json")
    report = shaped(_Report, document, _WHAT)
    yield from report.results
    for resource in report.resources:
        yield from resource.results


def _add(found: Vulnerabilities, result: _Result) -> None:
    for entry in result.vulnerabilities:
        package = f"{clean(entry.pkg_name, 100)} {clean(entry.installed_version, 40)}"
        id_, message = entry.vulnerability_id, f"{package}: {clean(entry.title)}"
        found.add((id_, package), entry.severity, rule=id_, message=message, score=entry.score(), file=result.target)
    for check in result.misconfigurations:
        if check.status == "FAIL":
            line = dict_at(check.cause_metadata).get("StartLine")
            _add_at(found, check.severity, check.id, check.message or check.title, result.target, line)
    for secret in result.secrets:
        _add_at(found, secret.severity, secret.rule_id, secret.title, result.target, secret.start_line)


def _add_at(found: Vulnerabilities, severity: Any, rule: Any, message: Any, file: Any, line: Any) -> None:
    """What stands at a place in a file, and is the same only there."""
    same = clean(rule), clean(file), clean(line)
    found.add(same, severity, rule=rule, message=message, file=file, line=line)

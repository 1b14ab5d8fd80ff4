"""pip-audit's JSON: a list of dependencies (before 2.1), or an object with them.

There are no severities in it: all are unknown, which gates judge as high. A dependency that was skipped was not
audited.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, clean
from ..shapes import SnakeShape, first_of, shaped_list
from ..vulnerabilities import METRICS, Vulnerabilities


class _Vulnerability(SnakeShape):
    id: str
    description: Any = None


class _Dependency(SnakeShape):
    name: str
    version: Any = None
    vulns: list[_Vulnerability] | None = None
    skip_reason: Any = None


class PipAudit(JsonFormat):
    """pip-audit -> security."""

    name = "pip-audit"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    documents = (dict, list)
    about = About(
        title="pip-audit report",
        producers="pip-audit",
        versions="pip-audit 1 (a list) and 2 (an object)",
        recognised_by="dependencies with `name` and `vulns` or `skip_reason`; none, and `fixes`",
        fields="name, version, `vulns` id and description, skip_reason",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="pip-audit -f json -o pip-audit.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first dependency; where there is none, by what stands beside it."""
        if head.json_keys == {"dependencies", "fixes"} and not _dependencies(head.json):
            return True
        first = first_of(_dependencies(head.json))
        return isinstance(first, dict) and "name" in first and bool({"vulns", "skip_reason"} & first.keys())

    def read(self, document: Any) -> Parsed:
        """Count them."""
        dependencies = shaped_list(_Dependency, _dependencies(document), self.about.title)
        audited = [dependency for dependency in dependencies if not dependency.skip_reason]
        if not audited:
            return Parsed(Outcome.NOT_MEASURED, reason=f"no dependency was audited ({len(dependencies)} skipped)")
        found = Vulnerabilities("pip-audit")
        for dependency in audited:
            package = f"{clean(dependency.name, 100)} {clean(dependency.version, 40)}"
            if dependency.vulns is None:
                raise InputError(f"pip-audit: {package} has neither `vulns` nor `skip_reason`")
            for vulnerability in dependency.vulns:
                message = f"{package}: {clean(vulnerability.description)}"
                found.add((vulnerability.id, package), None, rule=vulnerability.id, message=message)
        skipped = len(dependencies) - len(audited)
        return found.parsed(notes=(f"dependencies that were not audited: {skipped}",) if skipped else ())


def _dependencies(document: Any) -> Any:
    return document.get("dependencies") if isinstance(document, dict) else document

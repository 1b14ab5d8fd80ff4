"""`snyk test --json`: one project, or a list of them (--all-projects).

One entry a path; licence issues do not count.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, clean
from ..shapes import Listed, Shape, dict_at, first_of, shaped
from ..vulnerabilities import METRICS, Vulnerabilities, cvss

_WHAT = "Snyk"


class _Vulnerability(Shape):
    id: str
    severity: Any = None
    cvss_score: Any = None
    package_name: Any
    version: Any = None
    title: Any = None
    type: Any = None


class _Project(Shape):
    vulnerabilities: Listed[_Vulnerability]
    display_target_file: Any = None


class Snyk(JsonFormat):
    """Snyk -> security."""

    name = "snyk"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    documents = (dict, list)
    about = About(
        title="Snyk test report",
        producers="Snyk CLI (snyk test, snyk container test)",
        versions="one project or --all-projects",
        recognised_by="`vulnerabilities` with `ok`, `packageManager` or `dependencyCount`, or whose first has a `from`",
        fields="`vulnerabilities` id, severity, cvssScore, packageName, version, type; `error`",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="snyk test --all-projects --json > snyk.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the keys of a project; a long list may hide those behind it."""
        project = dict_at(first_of(head.json) if isinstance(head.json, list) else head.json)
        if "ok" in project and "error" in project and "path" in project:
            return True
        first = dict_at(first_of(project.get("vulnerabilities")))
        return "vulnerabilities" in project and (
            bool({"packageManager", "dependencyCount"} & project.keys()) or {"from", "packageName"} <= first.keys()
        )

    def read(self, document: Any) -> Parsed:
        """Count over all projects."""
        found = Vulnerabilities("snyk")
        projects = document if isinstance(document, list) else [document]
        for project in projects:
            error = dict_at(project).get("error")
            if error:
                return Parsed(Outcome.TOOL_FAILED, reason=f"Snyk says: {clean(error)}")
            if not {"ok", "dependencyCount", "packageManager"} & dict_at(project).keys():
                raise InputError(f"{_WHAT}: a project has neither `ok` nor `packageManager`")
            _add(found, shaped(_Project, project, _WHAT))
        if not projects:
            return Parsed(Outcome.NOT_MEASURED, reason="no project in the file")
        return found.parsed()


def _add(found: Vulnerabilities, project: _Project) -> None:
    for entry in project.vulnerabilities:
        if entry.type == "license":
            found.left_out["licence issues"] += 1
            continue
        package = f"{clean(entry.package_name, 100)} {clean(entry.version, 40)}"
        found.add(
            (entry.id, package),
            entry.severity,
            rule=entry.id,
            message=f"{package}: {clean(entry.title)}",
            score=cvss(entry.cvss_score),
            file=project.display_target_file,
        )

"""`npm audit --json`: version 1 (npm 6; pnpm and Yarn 2 and 3 too), version 2 (npm 7 and later).

Version 1 lists advisories, its metadata counts their paths. Version 2 lists packages, also those that are only in reach
of an advisory; advisories are the objects in `via`, repeated in every package. In both the distinct advisories count. A
registry that did not answer leaves an error object, with the same exit status as findings: the tool failed.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, clean
from ..shapes import Shape, dict_at, shaped
from ..vulnerabilities import METRICS, Vulnerabilities, cvss

_WHAT = "npm audit"


class Advisory(Shape):
    """An advisory of version 1."""

    id: Any = None
    module_name: Any = None
    severity: str
    title: Any = None
    cvss: Any = None


class _Advisories(Shape):
    advisories: dict[str, Advisory]


class _Package(Shape):
    severity: str
    via: list[Any]


class _Packages(Shape):
    vulnerabilities: dict[str, _Package]


def add_advisory(found: Vulnerabilities, advisory: Advisory) -> None:
    """Count one of version 1, which Yarn prints as well."""
    package = clean(advisory.module_name, 100)
    message = f"{package}: {clean(advisory.title)}"
    score = cvss(dict_at(advisory.cvss).get("score"))
    found.add((str(advisory.id), package), advisory.severity, rule=advisory.id, message=message, score=score)


class NpmAudit(JsonFormat):
    """npm audit -> security."""

    name = "npm-audit"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    about = About(
        title="npm audit report",
        producers="npm, pnpm, Yarn 2 and 3",
        versions="1 (npm 6) and 2 (npm 7 and later)",
        recognised_by="`auditReportVersion`; `advisories` with `metadata`; an error object of npm",
        fields="`advisories` id, module_name, severity, cvss; or objects in `via` of `vulnerabilities`",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="npm audit --json > npm-audit.json",
    )

    def recognises(self, head: Head) -> bool:
        """By its keys, also when npm failed."""
        keys = head.json_keys
        return "auditReportVersion" in keys or {"advisories", "metadata"} <= keys or _failure(head.json) is not None

    def read(self, document: Any) -> Parsed:
        """Count the distinct advisories."""
        failure = _failure(document)
        if failure is not None:
            return Parsed(Outcome.TOOL_FAILED, reason=f"npm says: {failure}")
        found = Vulnerabilities("npm-audit")
        if "advisories" in document:
            for advisory in shaped(_Advisories, document, _WHAT).advisories.values():
                add_advisory(found, advisory)
        elif "auditReportVersion" in document:
            _add_packages(found, shaped(_Packages, document, _WHAT).vulnerabilities)
        else:
            raise InputError(f"{_WHAT}: neither advisories nor auditReportVersion", hint="expected `npm audit --json`")
        return found.parsed()


def _failure(document: Any) -> str | None:
    """What npm says when it could not ask the registry."""
    error = dict_at(document, "error")
    if {"code", "summary"} <= error.keys():
        return clean(f"{error['code']}: {clean(error['summary'])}")
    if {"message", "statusCode"} <= dict_at(document).keys() and "vulnerabilities" not in document:
        return clean(document["message"])
    return None


def _add_packages(found: Vulnerabilities, packages: dict[str, _Package]) -> None:
    advisories = [via for package in packages.values() for via in package.via if isinstance(via, dict)]
    for via in advisories:
        package = clean(via.get("dependency") or via.get("name"), 100)
        same = str(via.get("source") or via.get("url")), package
        message = f"{package}: {clean(via.get('title'))}"
        rule = str(via.get("url") or via.get("source")).rpartition("/")[2]
        found.add(same, via.get("severity"), rule=rule, message=message, score=cvss(dict_at(via, "cvss").get("score")))
    if not advisories:
        for name, entry in packages.items():
            found.add(name, entry.severity, rule=name, message="vulnerable, but its advisory is not in the file")

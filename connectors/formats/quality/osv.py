"""OSV-Scanner's JSON. Several identifiers of one vulnerability form a group: groups count, not identifiers.

The severity is the highest CVSS score of the group, else the word of GitHub's advisory. A malicious package (MAL-...)
has neither: it stays unknown.
"""

from typing import Any

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import JsonFormat, clean
from ..shapes import Listed, MaybeListed, SnakeShape, dict_at, first_of, shaped
from ..vulnerabilities import METRICS, Vulnerabilities, cvss


class _Vulnerability(SnakeShape):
    id: str
    summary: Any = None
    database_specific: Any = None


class _Group(SnakeShape):
    ids: Listed[str]
    max_severity: Any = None


class _Package(SnakeShape):
    package: Any = None
    vulnerabilities: MaybeListed[_Vulnerability]
    groups: MaybeListed[_Group]


class _Result(SnakeShape):
    source: Any = None
    packages: Listed[_Package]


class _Report(SnakeShape):
    results: Listed[_Result]


class OsvScanner(JsonFormat):
    """OSV-Scanner -> security."""

    name = "osv-scanner"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    about = About(
        title="OSV-Scanner report",
        producers="OSV-Scanner",
        versions="OSV-Scanner 1 and 2",
        recognised_by="`results` whose first has `packages`, or which are empty beside `experimental_config`",
        fields="`groups` ids, max_severity; `vulnerabilities` id, summary, database_specific severity; `package`",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="osv-scanner scan --format json --output osv.json .",
    )

    def recognises(self, head: Head) -> bool:
        """By the first result."""
        first = dict_at(first_of(dict_at(head.json).get("results")))
        empty = "results" in head.json_keys and not first and "experimental_config" in head.json_keys
        return {"packages", "source"} <= first.keys() or empty

    def read(self, document: Any) -> Parsed:
        """Count the groups."""
        found = Vulnerabilities("osv-scanner")
        for result in shaped(_Report, document, self.about.title).results:
            for package in result.packages:
                _add(found, package, dict_at(result.source).get("path"))
        return found.parsed()


def _add(found: Vulnerabilities, package: _Package, file: object) -> None:
    known = {entry.id: entry for entry in package.vulnerabilities}
    # Before groups were written each identifier stands for itself.
    groups = [group.ids for group in package.groups] or [[id_] for id_ in known]
    scores = [cvss(group.max_severity) for group in package.groups] or [None] * len(groups)
    of = dict_at(package.package)
    name = f"{clean(of.get('name'), 100)} {clean(of.get('version'), 40)}"
    for ids, score in zip(groups, scores, strict=True):
        entries = [known[id_] for id_ in ids if id_ in known]
        words = [dict_at(entry.database_specific).get("severity") for entry in entries]
        summary = next((entry.summary for entry in entries if entry.summary), "")
        found.add(
            (frozenset(ids), name),
            None if score else next((word for word in words if isinstance(word, str)), None),
            rule=ids[0] if ids else "(no id)",
            message=f"{name}: {clean(summary)}",
            score=score,
            file=file,
        )

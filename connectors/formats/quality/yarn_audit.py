"""Yarn's audits of one JSON object a line: `yarn audit --json` (Yarn 1) and `yarn npm audit --json` (Yarn 4).

Yarn 1 repeats an advisory for every path and ends with a summary; without it the audit was cut short. Yarn 4 prints one
line an advisory and nothing when there is none: such a file is empty, and empty is not clean.
"""

from typing import IO, Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import EMPTY_FILE, clean
from ..lines import JsonRecords
from ..shapes import dict_at, shaped
from ..vulnerabilities import METRICS, Vulnerabilities
from .npm_audit import Advisory, add_advisory

_WHAT = "Yarn audit"
_TYPES = ("auditAdvisory", "auditSummary", "auditAction")
_CHATTER = ("info", "warning", "step", "success", "verbose", "activityStart", "activityTick", "activityEnd")


class YarnAudit:
    """Yarn audit -> security."""

    name = "yarn-audit"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    about = About(
        title="Yarn audit, one JSON object a line",
        producers="Yarn 1, Yarn 4",
        versions="Yarn 1 (`yarn audit`) and 4 (`yarn npm audit`); Yarn 2 and 3 write npm's version 1",
        recognised_by="first line with the `type` auditAdvisory or auditSummary, or `value` with `children.Severity`",
        fields="`data.advisory` id, module_name, severity; or `children` ID, Severity, Issue",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="yarn audit --json > audit.jsonl, or yarn npm audit --recursive --json > audit.jsonl",
    )

    def recognises(self, head: Head) -> bool:
        """By the first line."""
        first = dict_at(head.json)
        if first.get("type") in _TYPES or "Severity" in dict_at(first, "children"):
            return True
        return first.get("type") in ("info", "warning", "error") and any(f'"{name}"' in head.text for name in _TYPES)

    def parse(self, stream: IO[bytes]) -> Parsed:
        """Count the distinct advisories."""
        found = Vulnerabilities("yarn-audit")
        records = JsonRecords(stream, _WHAT)
        seen: set[object] = set()
        for record in records:
            kind, data = dict_at(record).get("type"), dict_at(record).get("data")
            if kind == "auditAdvisory":
                add_advisory(found, shaped(Advisory, dict_at(data).get("advisory"), _WHAT))
            elif kind == "error":
                return Parsed(Outcome.TOOL_FAILED, reason=f"yarn says: {clean(data)}")
            elif kind not in (*_TYPES, *_CHATTER):
                _add_line(found, record)
                kind = None
            seen.add(kind)
        if records.cut_short:
            return Parsed(Outcome.TOOL_FAILED, reason=records.cut_short)
        if not seen:
            return EMPTY_FILE
        if None not in seen and "auditSummary" not in seen:
            return Parsed(Outcome.TOOL_FAILED, reason="no summary at the end: the audit was cut short")
        return found.parsed()


def _add_line(found: Vulnerabilities, record: Any) -> None:
    """A line of Yarn 4."""
    children = dict_at(record, "children")
    if "Severity" not in children:
        raise InputError(f"{_WHAT}: a line is {clean(record, 40)!r}, expected an advisory")
    package = clean(record.get("value"), 100)
    message = f"{package}: {clean(children.get('Issue'))}"
    found.add((str(children.get("ID")), package), children["Severity"], rule=children.get("ID"), message=message)

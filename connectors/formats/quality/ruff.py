"""ruff's JSON, and what its rules mean, for its other formats too.

ruff calls every finding an error. F, E9 and syntax errors are errors of the program: major; the rest is minor. The S
rules (flake8-bandit) are about security; they have no severity, so it is unknown. ruff lists only what it found: a
report without an S rule says nothing about security.
"""

import re
from typing import Any

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, clean
from ..issues import METRICS as QUALITY_METRICS
from ..issues import Issues, Level
from ..shapes import SnakeShape, dict_at, first_of, shaped_list
from ..vulnerabilities import METRICS, Vulnerabilities

_SECURITY = re.compile(r"S\d{3}")
# No rule at all is ruff's way to report a syntax error.
_ERROR = re.compile(r"F\d|E9|invalid-syntax|$")


def is_security(rule: str) -> bool:
    """Does the rule look for a vulnerability?"""
    return _SECURITY.fullmatch(rule) is not None


def is_error(rule: str) -> bool:
    """Is what the rule finds an error of the program?"""
    return _ERROR.match(rule) is not None


class _Finding(SnakeShape):
    code: str | None
    filename: str
    message: Any = None
    location: Any = None


class RuffJson(JsonFormat):
    """ruff JSON -> code-quality, and security where S rules found something."""

    name = "ruff-json"
    produces: tuple[str, ...] = (SignalKind.CODE_QUALITY.value, SignalKind.SECURITY.value)
    documents = (list,)
    about = About(
        title="ruff report, JSON",
        producers="ruff",
        versions="ruff 0",
        recognised_by="a list whose first has `code`, `filename` and `noqa_row` or `end_location`",
        fields="code, filename, message, location row",
        metrics=(*QUALITY_METRICS, *METRICS),
        sample=Sample.REAL,
        how_to_export="ruff check --output-format json -o ruff.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first finding."""
        first = dict_at(first_of(head.json)) if isinstance(head.json, list) else {}
        return {"code", "filename"} <= first.keys() and bool({"noqa_row", "end_location"} & first.keys())

    def read(self, document: Any) -> Parsed:
        """Count the findings."""
        issues, found = Issues("ruff"), Vulnerabilities("ruff")
        seen_security = False
        for entry in shaped_list(_Finding, document, self.about.title):
            code, line = entry.code or "", dict_at(entry.location).get("row")
            if is_security(code):
                seen_security = True
                same = code, entry.filename, clean(entry.location)
                found.add(same, None, rule=code, message=entry.message, file=entry.filename, line=line)
            else:
                level: Level = "major" if is_error(code) else "minor"
                rule = code or "(syntax error)"
                issues.add(level, rule=rule, message=entry.message, file=entry.filename, line=line)
        parsed = issues.parsed()
        if not seen_security:
            return parsed
        return Parsed(Outcome.VALUE, signals=(*parsed.signals, *found.parsed().signals))

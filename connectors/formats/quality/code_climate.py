"""Code Climate's issues, which GitLab calls a code quality report: a list of issues with a severity of five steps."""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import JsonFormat, clean
from ..issues import METRICS, Issues, Level
from ..shapes import SnakeShape, dict_at, first_of, shaped_list

_LEVELS: dict[str, Level] = {
    "blocker": "critical",
    "critical": "critical",
    "major": "major",
    "minor": "minor",
    "info": "minor",
}


class _Issue(SnakeShape):
    severity: str = "minor"
    check_name: Any = None
    description: Any
    location: Any

    def line(self) -> Any:
        """Of `lines`, or of `positions`."""
        return dict_at(self.location, "lines").get("begin") or dict_at(self.location, "positions", "begin").get("line")


class CodeClimate(JsonFormat):
    """Code Climate issues -> code-quality."""

    name = "code-climate"
    produces: tuple[str, ...] = (SignalKind.CODE_QUALITY.value,)
    documents = (list,)
    about = About(
        title="Code Climate issues (GitLab code quality)",
        producers="Code Climate, ruff, golangci-lint, PHPStan, RuboCop, ... for GitLab",
        versions="Code Climate's specification; GitLab's subset",
        recognised_by="a list whose first has `fingerprint`, `location` and `description`",
        fields="severity, check_name, description, location",
        metrics=("critical_issues", *METRICS),
        sample=Sample.REAL,
        how_to_export="ruff check --output-format gitlab, golangci-lint --out-format code-climate, ...",
    )

    def recognises(self, head: Head) -> bool:
        """By the first issue."""
        first = dict_at(first_of(head.json)) if isinstance(head.json, list) else {}
        return {"fingerprint", "location", "description"} <= first.keys()

    def read(self, document: Any) -> Parsed:
        """Count the issues."""
        issues = Issues("code-climate", ("critical", "major", "minor"))
        for issue in shaped_list(_Issue, document, self.about.title):
            if issue.severity not in _LEVELS:
                raise InputError(f"Code Climate: an issue has the severity {clean(issue.severity, 40)!r}")
            file = dict_at(issue.location).get("path")
            level = _LEVELS[issue.severity]
            issues.add(level, rule=issue.check_name, message=issue.description, file=file, line=issue.line())
        return issues.parsed()

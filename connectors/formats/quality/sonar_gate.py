"""SonarQube's quality gate: `api/qualitygates/project_status`.

NONE means that no gate was computed: not measured. WARN (up to 7.x) passes. A condition may lack its value.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import MAX_FINDINGS, Outcome, SignalKind, SignalPart
from ..documents import JsonFormat, clean, finding
from ..shapes import MaybeListed, Shape, dict_at, shaped

_PASSED = {"OK": True, "WARN": True, "ERROR": False}


class _Condition(Shape):
    status: str
    metric_key: Any = None
    comparator: Any = None
    error_threshold: Any = None
    actual_value: Any = None


class _Status(Shape):
    status: str
    conditions: MaybeListed[_Condition]


class SonarGate(JsonFormat):
    """SonarQube quality gate -> code-quality."""

    name = "sonar-gate"
    produces: tuple[str, ...] = (SignalKind.CODE_QUALITY.value,)
    about = About(
        title="SonarQube quality gate",
        producers="SonarQube Server, SonarQube Cloud",
        versions="5 to 2025",
        recognised_by="`projectStatus` with a `status`",
        fields="status; conditions: metricKey, comparator, errorThreshold, actualValue",
        metrics=("quality_gate_passed",),
        sample=Sample.CONSTRUCTED,
        how_to_export="GET api/qualitygates/project_status?projectKey=KEY (with branch= or pullRequest=)",
    )

    def recognises(self, head: Head) -> bool:
        """By its one key."""
        return "status" in dict_at(head.json, "projectStatus")

    def read(self, document: Any) -> Parsed:
        """The verdict, and which conditions failed."""
        gate = shaped(_Status, document.get("projectStatus"), self.about.title)
        if gate.status == "NONE":
            return Parsed(Outcome.NOT_MEASURED, reason="the status is NONE: no quality gate was computed")
        if gate.status not in _PASSED:
            raise InputError(f"SonarQube gate: the status is {clean(gate.status, 40)!r}, expected OK, WARN or ERROR")
        failed = [condition for condition in gate.conditions if condition.status != "OK"]
        part = SignalPart(
            tool="sonarqube",
            outcome=Outcome.VALUE,
            metrics={"quality_gate_passed": _PASSED[gate.status]},
            findings=tuple(_finding(condition) for condition in failed[:MAX_FINDINGS]),
        )
        return Parsed(Outcome.VALUE, signals=((SignalKind.CODE_QUALITY, part),))


def _finding(condition: _Condition) -> Any:
    actual, limit = clean(condition.actual_value, 40) or "no value", clean(condition.error_threshold, 40)
    message = f"{actual}; fails when {clean(condition.comparator, 10)} {limit}"
    return finding(condition.metric_key, message, condition.status.lower()[:20])

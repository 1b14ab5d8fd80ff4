"""Jenkins: builds of a job (JSON API), and runs and stages of a pipeline (wfapi). Times and durations are milliseconds.

`result` is null while a build runs.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from ....core.importing import About, Sample
from ....core.records.bulk.incidents import OpsRow
from ..json_stream import Way
from ..marks import MarksFormat, needs
from ..shapes import dict_at
from ..values import at_ms, labels, listed, ms, text

# Longer than any build; a timedelta has an end, too.
_LONGEST_MS = 1e11


def _build(item: dict[str, Any]) -> OpsRow:
    at = needs(at_ms(item.get("timestamp")), "timestamp")
    is_running = item.get("building") is True or item.get("result") is None
    data = [action for action in map(dict_at, listed(item.get("actions"))) if "lastBuiltRevision" in action]
    revision = dict_at(data[0], "lastBuiltRevision") if data else {}
    number = text(item.get("number")) or ""
    return OpsRow(
        at=at,
        event="ci-run",
        name=text(item.get("fullDisplayName")) or text(item.get("displayName")) or f"build #{number}",
        ended_at=None if is_running else _after(at, item.get("duration")),
        state=text(item.get("result")) or "RUNNING",
        service=(text(item.get("fullDisplayName")) or "").rpartition(" #")[0] or None,
        release=text(revision.get("SHA1")),
        host=text(item.get("builtOn")),
        id=text(item.get("url")) or text(item.get("id")) or number,
        source="jenkins",
        tags=labels({"number": item.get("number"), "branch": _branch(revision)}),
    )


def _branch(revision: dict[str, Any]) -> Any:
    return next((dict_at(branch).get("name") for branch in listed(revision.get("branch"))), None)


def _stage(item: dict[str, Any]) -> OpsRow:
    at = needs(at_ms(item.get("startTimeMillis")), "startTimeMillis")
    link = text(dict_at(item, "_links", "self").get("href"))
    state = text(item.get("status"))
    return OpsRow(
        at=at,
        event="ci-run",
        name=text(item.get("name")) or "stage",
        ended_at=None if state in ("IN_PROGRESS", "PAUSED_PENDING_INPUT") else _after(at, item.get("durationMillis")),
        state=state,
        host=text(item.get("execNode")),
        # A stage's own id counts within its build.
        id=link or text(item.get("id")),
        source="jenkins",
    )


def _after(at: datetime, duration: Any) -> datetime | None:
    lasted = ms(duration)
    try:
        return at + timedelta(milliseconds=lasted) if lasted is not None and lasted < _LONGEST_MS else None
    except OverflowError:  # at the end of the calendar
        return None


class JenkinsBuilds(MarksFormat):
    """Builds and stages of Jenkins -> rows of marks on the timeline."""

    name = "jenkins-builds"
    about = About(
        title="Builds and stages of Jenkins",
        producers="Jenkins (JSON API, Pipeline Stage View)",
        versions="Jenkins 2; wfapi of Pipeline Stage View 2",
        recognised_by="`builds`, `allBuilds`, a list or one build with `number`, `timestamp` and `result`; `stages` "
        "or a list with `startTimeMillis` and `durationMillis`",
        fields="number, fullDisplayName, result, building, timestamp, duration, lastBuiltRevision; of stages name, "
        "status, startTimeMillis, durationMillis",
        sample=Sample.RECORDED,
        how_to_export="curl -g 'https://jenkins/job/NAME/api/json?tree=allBuilds[number,url,fullDisplayName,result,"
        "building,timestamp,duration,actions[lastBuiltRevision[SHA1]]]' > builds.json",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((), ("builds",), ("allBuilds",), ("stages",))
    one = "build"
    kinds = (
        (frozenset({"number", "timestamp", "result"}), _build),
        (frozenset({"startTimeMillis", "durationMillis", "status"}), _stage),
    )

"""Issues of GitLab. Scoped labels say what one is (`type::bug`) and how bad (`severity::1`); incidents a severity."""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome
from ..bugs import KIND, METRICS, Bugs, is_bug
from ..documents import JsonFormat, no_value
from ..shapes import dict_at, first_of
from ..values import listed

_SEVERITIES = {"CRITICAL": True, "HIGH": False, "MEDIUM": False, "LOW": False}


class GitlabIssues(JsonFormat):
    """Issues of GitLab -> code-quality: open critical bugs."""

    name = "gitlab-issues"
    produces: tuple[str, ...] = (KIND.value,)
    documents = (dict, list)
    about = About(
        title="Issues of GitLab",
        producers="GitLab",
        versions="REST API v4",
        recognised_by="a list whose first has `iid`, `labels`, `state` opened or closed, and no `source_branch`",
        fields="state, labels, issue_type, severity; a bug's label names bug or defect, a critical one critical, "
        "blocker, urgent, severity::1 or P0",
        metrics=METRICS,
        sample=Sample.CONSTRUCTED,
        how_to_export="glab api --paginate 'projects/:id/issues?state=opened&per_page=100' > issues.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first issue."""
        return isinstance(head.json, list) and _is_issue(first_of(head.json))

    def read(self, document: Any) -> Parsed:
        """Count the open critical bugs."""
        if isinstance(document, dict):
            said = document.get("message") or document.get("error")
            if isinstance(said, str):
                return no_value(Outcome.TOOL_FAILED, f"GitLab says: {said[:200]}", KIND, tool=self.name)
            raise InputError(f"{self.about.title}: no list of issues")
        found = Bugs(self.name)
        for item in document:
            _add(found, item)
        return found.parsed()


def _is_issue(value: Any) -> bool:
    item = dict_at(value)
    is_one = {"iid", "labels", "state"} <= item.keys() and "source_branch" not in item
    return is_one and item["state"] in ("opened", "closed")


def _add(found: Bugs, item: Any) -> None:
    if not _is_issue(item):
        raise InputError("Issues of GitLab: an entry has not `iid`, `labels` and a known `state`")
    labels = [label if isinstance(label, str) else dict_at(label).get("name") for label in listed(item["labels"])]
    severity = item.get("severity")
    is_incident = item.get("issue_type") == "incident"
    found.add(
        is_bug=is_incident or is_bug(labels),
        is_open=item["state"] == "opened",
        marks=labels,
        critical=_SEVERITIES.get(severity) if is_incident and isinstance(severity, str) else None,
        rule=f"#{item['iid']}",
        title=item.get("title"),
    )

"""Issues of GitHub: REST, search, `gh issue list --json`. Labels say what is a bug and how bad it is, or the type."""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome
from ..bugs import KIND, METRICS, Bugs, is_bug
from ..documents import JsonFormat, no_value
from ..shapes import dict_at, first_of
from ..values import listed

_OF_PULLS = frozenset({
    "head", "base", "additions", "changedFiles", "headRefName", "headRefOid", "isDraft", "latestReviews", "mergedAt",
    "reviewDecision", "reviews",
})  # fmt: skip
_OPEN, _CLOSED = ("open", "OPEN"), ("closed", "CLOSED")


class GithubIssues(JsonFormat):
    """Issues of GitHub -> code-quality: open critical bugs."""

    name = "github-issues"
    produces: tuple[str, ...] = (KIND.value,)
    documents = (dict, list)
    about = About(
        title="Issues of GitHub",
        producers="GitHub (REST, search), gh",
        versions="REST API 2022-11-28; gh issue list --json",
        recognised_by="a list or `items` whose first has `labels`, `number`, `state` and nothing of a pull request",
        fields="state, labels, type; a bug's label names bug or defect, a critical one critical, blocker, urgent, P0, "
        "S1 or SEV1",
        metrics=METRICS,
        sample=Sample.CONSTRUCTED,
        how_to_export="gh issue list --state open --limit 1000 --json number,title,state,labels > issues.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first issue."""
        return _is_issue(first_of(_items(head.json)))

    def read(self, document: Any) -> Parsed:
        """Count the open critical bugs."""
        items = _items(document)
        if not isinstance(items, list):
            if isinstance(message := document.get("message"), str):
                return no_value(Outcome.TOOL_FAILED, f"GitHub says: {message[:200]}", KIND, tool=self.name)
            raise InputError(f"{self.about.title}: neither a list nor `items` in it")
        total = dict_at(document).get("total_count")
        if dict_at(document).get("incomplete_results") is True or (isinstance(total, int) and total > len(items)):
            reason = f"the answer has {len(items)} of {total} issues: get all pages"
            return no_value(Outcome.TOOL_FAILED, reason, KIND, tool=self.name)
        found = Bugs(self.name)
        for item in items:
            if "pull_request" not in dict_at(item):
                _add(found, item)
        return found.parsed()


def _items(document: Any) -> Any:
    return document if isinstance(document, list) else dict_at(document).get("items")


def _is_issue(value: Any) -> bool:
    item = dict_at(value)
    is_one = {"labels", "number", "state"} <= item.keys() and _OF_PULLS.isdisjoint(item)
    return is_one and item["state"] in (*_OPEN, *_CLOSED)


def _add(found: Bugs, item: Any) -> None:
    if not _is_issue(item):
        raise InputError("Issues of GitHub: an entry has not `labels`, `number` and a known `state`",
                         hint="gh issue list --json number,title,state,labels")  # fmt: skip
    labels = [label if isinstance(label, str) else dict_at(label).get("name") for label in listed(item["labels"])]
    kind = dict_at(item, "type").get("name") or dict_at(item, "issueType").get("name")
    found.add(
        is_bug=is_bug([*labels, kind]),
        is_open=item["state"] in _OPEN,
        marks=labels,
        rule=f"#{item['number']}",
        title=item.get("title"),
    )

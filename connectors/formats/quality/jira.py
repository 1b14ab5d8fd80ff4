"""Issues of Jira: open critical bugs, and the change tickets of Jira Service Management.

Names of types, priorities and states are translated and renamed, so keys and ids count before names: an issue is open
while its status category is not `done` and it has no resolution; priority 1 is the highest of every scheme that Jira
comes with. An approval's `finalDecision` is what the approvers of a change said.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome
from ..bugs import KIND as BUGS
from ..bugs import METRICS as BUG_METRICS
from ..bugs import Bugs, is_bug, is_critical
from ..change_tickets import KIND as TICKETS
from ..change_tickets import METRICS as TICKET_METRICS
from ..change_tickets import ChangeTickets, TicketState
from ..documents import JsonFormat, clean, no_value
from ..shapes import dict_at, first_of
from ..values import listed, text

_WHAT = "Issues of Jira"
_PRIORITY_IDS = {"1": True, "2": False, "3": False, "4": False, "5": False}
_DECISIONS: dict[Any, TicketState] = {"approved": "approved", "pending": "pending", "declined": "rejected"}
_STATES: dict[str, TicketState] = {
    # Of the change workflow that Jira Service Management comes with; it has no approval's record in every export.
    "approved": "approved", "awaiting implementation": "approved", "implementing": "approved", "completed": "approved",
    "declined": "rejected", "rejected": "rejected", "canceled": "rejected", "cancelled": "rejected",
    "planning": "pending", "awaiting approval": "pending", "awaiting cab approval": "pending", "review": "pending",
    "peer review / change manager approval": "pending", "open": "pending",
}  # fmt: skip


class JiraIssues(JsonFormat):
    """Issues of Jira -> code-quality: open critical bugs; approvals: the change ticket."""

    name = "jira-issues"
    produces: tuple[str, ...] = (BUGS.value, TICKETS.value)
    documents = (dict, list)
    about = About(
        title="Issues of Jira",
        producers="Jira Cloud, Jira Data Center, Jira Service Management",
        versions="REST API 2 and 3 (search, search/jql), Agile 1.0",
        recognised_by="`issues`, a list or one issue with `key` and `fields` with a `status` or `issuetype`",
        fields="issuetype name, priority name and id, status name and category, resolution; finalDecision of "
        "approvals; `total`, `isLast`",
        metrics=(*BUG_METRICS, *TICKET_METRICS),
        sample=Sample.RECORDED,
        how_to_export="GET rest/api/3/search/jql?jql=type=Bug AND statusCategory!=Done&fields=summary,issuetype,"
        "priority,status,resolution (all pages)",
    )

    def recognises(self, head: Head) -> bool:
        """By the first issue."""
        found = dict_at(head.json)
        if found.get("issues") == []:
            return not {"startAt", "isLast", "nextPageToken"}.isdisjoint(found)
        return _is_issue(first_of(_items(head.json)))

    def read(self, document: Any) -> Parsed:
        """Count the open critical bugs and judge the change tickets."""
        items = _items(document)
        if not isinstance(items, list):
            said = first_of(dict_at(document).get("errorMessages"))
            if isinstance(said, str):
                return no_value(Outcome.TOOL_FAILED, f"Jira says: {clean(said)}", BUGS, TICKETS, tool=self.name)
            raise InputError(f"{_WHAT}: no list of issues")
        if reason := _missing(document, len(items)):
            return no_value(Outcome.TOOL_FAILED, reason, BUGS, TICKETS, tool=self.name)
        changes = [item for item in items if _is_change(item)]
        bugs = None if changes and len(changes) == len(items) else self._bugs(items)
        if not changes:
            return bugs or no_value(Outcome.NOT_MEASURED, "there is no issue in it", BUGS, tool=self.name)
        tickets = ChangeTickets(self.name)
        for item in changes:
            fields = item["fields"]
            tickets.add(_ticket_state(fields), ticket=item["key"], title=fields.get("summary"), said=_status(fields))
        judged = tickets.parsed()
        if bugs is None:
            return judged
        # The two are about different things: one without an answer leaves the other its own.
        notes = tuple(one.reason for one in (judged, bugs) if one.reason)
        return Parsed(
            Outcome.VALUE, signals=(*judged.signals, *bugs.signals), notes=(*judged.notes, *bugs.notes, *notes)
        )

    def _bugs(self, items: list[Any]) -> Parsed:
        found, kinds = Bugs(self.name), set()
        for item in items:
            if not _is_issue(item):
                raise InputError(f"{_WHAT}: an entry has not `key` and `fields` with its status or type")
            if not _is_change(item):
                kinds.add(_add(found, item))
        if found.seen and not any(is_bug([kind]) for kind in kinds):
            reason = f"no issue is of a type known as a bug: {', '.join(sorted(kinds))[:200]}"
            return no_value(Outcome.NOT_MEASURED, reason, BUGS, tool=self.name)
        return found.parsed()


def _items(document: Any) -> Any:
    if isinstance(document, list):
        return document
    return [document] if _is_issue(document) else dict_at(document).get("issues")


def _is_issue(value: Any) -> bool:
    return "key" in dict_at(value) and not {"status", "issuetype"}.isdisjoint(dict_at(value, "fields"))


def _missing(document: Any, count: int) -> str | None:
    """Why the answer is a part: a total above what is there, or a next page."""
    page = dict_at(document)
    total = page.get("total")
    if isinstance(total, int) and total > count:
        return f"the answer has {count} of {total} issues: get all pages"
    return (
        "the answer has a next page: get all pages"
        if page.get("isLast") is False or page.get("nextPageToken")
        else None
    )


def _kind(item: dict[str, Any]) -> str:
    return text(dict_at(item, "fields", "issuetype").get("name")) or "(no type)"


def _is_change(item: Any) -> bool:
    return _is_issue(item) and "change" in _kind(item).lower()


def _status(fields: dict[str, Any]) -> str:
    return clean(dict_at(fields, "status").get("name"), 80)


def _add(found: Bugs, item: dict[str, Any]) -> str:
    """Count one issue; returns its type."""
    fields, kind = dict_at(item, "fields"), clean(_kind(item), 40)
    priority = dict_at(fields, "priority")
    critical = is_critical([priority.get("name")])
    if critical is None:  # a translated name
        critical = _PRIORITY_IDS.get(text(priority.get("id")) or "")
    found.add(
        is_bug=is_bug([kind]),
        is_open=dict_at(fields, "status", "statusCategory").get("key") != "done" and not fields.get("resolution"),
        marks=listed(fields.get("labels")),
        critical=critical,
        rule=item["key"],
        title=fields.get("summary"),
    )
    return kind


def _ticket_state(fields: dict[str, Any]) -> TicketState | None:
    """What the approvals decided, the worst of them; without any, what the status says."""
    decided = {
        text(dict_at(one).get("finalDecision"))
        for value in fields.values()
        for one in listed(value)
        if "finalDecision" in dict_at(one)
    }
    states = {_DECISIONS.get(word) for word in decided}
    for worst in ("rejected", "pending", "approved"):
        if worst in states:
            return worst
    return _STATES.get(_status(fields).lower())

"""Change requests of ServiceNow (Table API, Change Management API).

Everything is a text. With `sysparm_display_value` false values are codes and times UTC; with true they are words and
times in the reader's own zone, which nobody can know; with all both stand there. An empty text is no value.
"""

from collections.abc import Iterator
from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.bulk.incidents import OpsRow
from ....core.records.bulk.rows import OPS
from ....core.records.signals import Outcome
from ..change_tickets import KIND, METRICS, ChangeTickets, TicketState
from ..documents import JsonFormat, clean, no_value
from ..shapes import dict_at, first_of
from ..values import clock, labels, text

_WHAT = "ServiceNow change requests"
_APPROVALS: dict[str, TicketState] = {
    "approved": "approved",
    "requested": "pending", "not requested": "pending", "not yet requested": "pending",
    "rejected": "rejected", "cancelled": "rejected", "canceled": "rejected", "no longer required": "rejected",
}  # fmt: skip
_CANCELED = frozenset({"4", "canceled", "cancelled"})
# Scheduled, Implement, Review, Closed.
_BEYOND_APPROVAL = frozenset({"-2", "-1", "0", "3", "scheduled", "implement", "review", "closed"})


class ServiceNowChanges(JsonFormat):
    """Change requests -> approvals: the change ticket; rows of what was implemented."""

    name = "servicenow-change"
    produces: tuple[str, ...] = (KIND.value, OPS)
    about = About(
        title="Change requests of ServiceNow",
        producers="ServiceNow (Table API, Change Management API)",
        versions="Table API with sysparm_display_value false, true or all; sn_chg_rest",
        recognised_by="`result` (or its first) with `number`, `state` and `approval`",
        fields="number, short_description, type, state, approval, risk; work_start, work_end",
        metrics=METRICS,
        sample=Sample.CONSTRUCTED,
        how_to_export="curl -u USER 'https://INSTANCE.service-now.com/api/now/table/change_request?sysparm_query="
        "number=CHG0030001&sysparm_display_value=all' > change.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first change request."""
        return _is_change(_first(dict_at(head.json).get("result")))

    def read(self, document: Any) -> Parsed:
        """Judge the tickets."""
        result = document.get("result")
        if result is None and "error" in document:
            said = dict_at(document, "error").get("message")
            return no_value(Outcome.TOOL_FAILED, f"ServiceNow says: {clean(said)}", KIND, tool=self.name)
        items = result if isinstance(result, list) else [result]
        found = ChangeTickets(self.name)
        rows: list[OpsRow] = []
        for item in items:
            if not _is_change(item):
                raise InputError(f"{_WHAT}: an entry has not `number`, `state` and `approval`")
            said = f"{_word(item, 'approval')} (state {_word(item, 'state')})"
            found.add(_state(item), ticket=_word(item, "number"), title=_word(item, "short_description"), said=said)
            rows += _rows(item)
        parsed = found.parsed()
        return Parsed(parsed.outcome, parsed.reason, parsed.signals, iter(rows) if rows else None, notes=parsed.notes)


def _first(result: Any) -> Any:
    return first_of(result) if isinstance(result, list) else result


def _is_change(value: Any) -> bool:
    return {"number", "state", "approval"} <= dict_at(value).keys()


def _word(item: dict[str, Any], name: str, *, shown: bool = True) -> str:
    """A field's words, or with `shown=False` its code; where there is one of them only, that."""
    value = item.get(name)
    if isinstance(value, dict):
        both = ("display_value", "value") if shown else ("value", "display_value")
        value = next((value[key] for key in both if value.get(key) not in (None, "")), None)
    return text(value) or ""


def _state(item: dict[str, Any]) -> TicketState | None:
    words = {_word(item, "state", shown=shown).lower() for shown in (True, False)}
    if words & _CANCELED:
        return "rejected"
    approval = _APPROVALS.get(_word(item, "approval", shown=False).lower())
    # A standard change was approved once and for all: nobody is asked again.
    is_standard = _word(item, "type", shown=False).lower() == "standard"
    return "approved" if approval == "pending" and is_standard and words & _BEYOND_APPROVAL else approval


def _rows(item: dict[str, Any]) -> Iterator[OpsRow]:
    """When the change was carried out, where the file gives it in UTC."""
    field = item.get("work_start")
    is_utc = isinstance(field, dict) or _word(item, "state").lstrip("-").isdigit()
    at = clock(_word(item, "work_start", shown=False)) if is_utc else None
    if at is None:
        return
    ended = clock(_word(item, "work_end", shown=False))
    yield OpsRow(
        at=at,
        event="change",
        name=_word(item, "number") or "change",
        text=_word(item, "short_description") or None,
        ended_at=ended if ended is not None and ended >= at else None,
        state=_word(item, "state") or None,
        service=_word(item, "cmdb_ci") or None,
        id=_word(item, "sys_id") or _word(item, "number") or None,
        source="servicenow",
        tags=labels({name: _word(item, name) for name in ("type", "risk", "approval", "close_code")}),
    )

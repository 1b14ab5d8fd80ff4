"""What is done about each field of a row or an imported record before it is stored."""

from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

import pytest

from aqe.analysis.redaction.redactor import Redactor
from aqe.core.records.base import Record
from aqe.core.records.bulk.imported import IMPORTED_RECORDS
from aqe.core.records.bulk.incidents import Incident
from aqe.core.records.bulk.logs import LogRow
from aqe.core.records.bulk.recordings import FlowStep, UserFlow
from aqe.core.records.bulk.rows import DATASET_ROWS
from aqe.core.records.bulk.usage import ProductRow
from aqe.core.records.privacy import Holds
from aqe.core.records.signals import Finding
from aqe.fleet.imports.redact_rows import redact_record, redact_row

REDACTOR = Redactor(b"key")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
MAIL = "ann@example.org"
EVERY_KIND: dict[str, type[Any]] = {**DATASET_ROWS, **IMPORTED_RECORDS, "flow steps": FlowStep, "findings": Finding}


def marks(hint: Any) -> set[Holds]:
    """The marks inside a hint."""
    return {part for part in get_args(hint) if isinstance(part, Holds)}.union(*map(marks, get_args(hint)))


def holds_text(hint: Any) -> bool:
    return hint is str or any(map(holds_text, get_args(hint)))


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_text_field_says_what_it_may_hold(kind: str) -> None:
    """One that says nothing would be stored as it came."""
    for name, hint in get_type_hints(EVERY_KIND[kind], include_extras=True).items():
        if name != "model_config" and holds_text(hint):
            assert len(marks(hint)) == 1, name


@pytest.mark.parametrize("kind", DATASET_ROWS)
def test_no_row_is_stored_with_an_address_in_any_field_that_came_from_outside(kind: str) -> None:
    """Whatever column the address stands in; words of our own vocabulary come from our code alone."""
    row_type: Any = DATASET_ROWS[kind]
    hints = get_type_hints(row_type, include_extras=True)
    values = [
        f'{{"mail": "{MAIL}"}}' if marks(hint) == {Holds.JSON} else MAIL if marks(hint) - {Holds.WORD} else None
        for hint in hints.values()
    ]
    assert MAIL not in str(redact_row(row_type(*values), REDACTOR))


def test_properties_are_searched_together_with_their_names_and_stay_json() -> None:
    """`token` says what stands behind it; numbers and harmless values keep their types."""
    row = ProductRow(NOW, "buy", properties=f'{{"token":"abc123","items":3,"gift":true,"to":"{MAIL}"}}')
    secret, mail = REDACTOR.pseudonym("secret", "abc123"), REDACTOR.pseudonym("email", MAIL)
    assert redact_row(row, REDACTOR).properties == f'{{"token":"{secret}","items":3,"gift":true,"to":"{mail}"}}'


def test_what_is_percent_encoded_is_found_and_what_is_harmless_stays_as_it_was() -> None:
    """`%20` before a number hides it from a pattern; the words around it stay encoded where they must."""
    hidden = "/orders/paid%20with%204111111111111111/caf%C3%A9"
    row = LogRow(NOW, "INFO", f"GET {hidden}", request_path=hidden)
    card = REDACTOR.pseudonym("card", "4111111111111111")
    redacted = redact_row(row, REDACTOR)
    assert redacted.request_path == f"/orders/paid%20with%20{card}/caf%C3%A9" == redacted.message.removeprefix("GET ")
    harmless = row._replace(message="100 %", request_path="/a%2Fb%20c?d=%25")
    assert redact_row(harmless, REDACTOR) == harmless


def test_ids_are_kept_while_they_look_like_ids() -> None:
    """A trace id is no card number; an address in its place is one."""
    incident = Incident(
        id="pagerduty-4111111111111111", source="pagerduty", kind="incident", title=f"mail to {MAIL}", status="open",
        started_at=NOW, tags=(MAIL, "db"), release=MAIL,
    )  # fmt: skip
    redacted = redact_record(incident, REDACTOR)
    mail = REDACTOR.pseudonym("email", MAIL)
    assert redacted.id == "pagerduty-4111111111111111"
    assert (redacted.title, redacted.tags, redacted.release) == (f"mail to {mail}", (mail, "db"), mail)


def test_what_somebody_typed_into_a_recorded_form_is_searched() -> None:
    """Steps are records inside a record."""
    flow: Record = UserFlow(
        id="f1", title="t", source="s", steps=(FlowStep(action="change", selectors=((f"text/{MAIL}",),), value=MAIL),)
    )
    assert MAIL not in redact_record(flow, REDACTOR).to_json()

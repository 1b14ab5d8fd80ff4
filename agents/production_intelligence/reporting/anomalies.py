"""What the production report says of anomalies: one event a row, however many series show it."""

from collections.abc import Iterator

from ....core.records.production.anomalies import Severity, is_not_judged, tells_most
from ....core.records.report import Block, Column, Line, Paragraph, Section, Tone, Value
from ...traced import Stored, counted
from .blocks import moment, section, table_of, tone_of, verdict


def anomalies(whole: Stored) -> Section:
    """Events, the worst first, and that nobody could judge where that is so; of records.anomalies.Anomaly."""
    columns = (Column(title="Severity"), Column(title="State"), Column(title="What", wide=True), Column(title="Since"))

    def blocks() -> Iterator[Block]:
        for item in whole:
            if is_not_judged(item.value):
                yield Paragraph(line=(item["title"].say(),), tone=Tone.UNKNOWN)
        events = _by_event(whole)
        if events or not whole:
            others = {event[0].path: len(event) - 1 for event in events}
            worst = [event[0] for event in events]
            yield from table_of(whole, columns, lambda item: _row(item, others[item.path], whole), worst)

    return section("Anomalies", whole, blocks)


def open_ones(whole: Stored) -> Value:
    """How many are open; not measured where nobody could judge, and none was known."""
    unjudged = next((item for item in whole if is_not_judged(item.value)), None)
    number = sum(item["status"].value == "open" for item in whole)
    if whole.value is None:
        return whole.say()
    if unjudged is not None and not number:
        return Stored(whole.key, None, whole.path, str(unjudged["title"].value)).say()
    return counted(number, (whole,), tone=tone_of("HIGH") if number else None)


def _by_event(whole: Stored) -> list[list[Stored]]:
    found: dict[object, list[Stored]] = {}
    for item in whole:
        if not is_not_judged(item.value):
            found.setdefault(item["event"].value or item["id"].value or item.path, []).append(item)
    return [sorted(event, key=_tells_most) for event in found.values()]


def _tells_most(item: Stored) -> tuple[int, bool, bool]:
    """As the text of `detect-anomalies` has it; of what another program wrote, what has no severity comes last."""
    severity, source, endpoint = (item[name].value for name in ("severity", "source", "endpoint"))
    if severity not in tuple(Severity):
        return len(Severity), False, False
    return tells_most(severity, source, endpoint)


def _row(worst: Stored, others: int, whole: Stored) -> tuple[Line, ...]:
    what: Line = ((worst["explanation"] or worst["series"]).say(),)
    if others:
        what = (*what, "; ", counted(others, (whole,)), " more of the same event")
    return (verdict(worst["severity"]),), (worst["status"].say(),), what, (worst["beganAt"].say(moment),)

"""Events in words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aqe.bus.events import EVENT_TYPES, ApprovalRequested, Event, ReadinessAssessed
from aqe.config.sections import Notifier as Section
from aqe.connectors.notifiers.console import ConsoleNotifier
from aqe.core.records.notices import Level
from aqe.fleet.messages.notices import _WORDS, MAX_LINE_CHARS, MAX_LINES, notice_of
from aqe.fleet.messages.notify import Channel, misrouted

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def assessed(decision: str = "BLOCKED", *, approved: bool = False) -> Event:
    payload = ReadinessAssessed(
        version="v1", decision=decision, approved=approved, risk_level="HIGH", risk=42.123456, confidence=None
    )
    return Event.of(payload, source="agent-1", time=AT)


def unknown(type_: str, **data: Any) -> Event:
    return Event(type=type_, data=data, source="x", time=AT)


def test_a_decision_says_what_was_decided_and_how_to_see_why() -> None:
    notice = notice_of(assessed())
    assert notice.subject == "v1: BLOCKED, risk HIGH"
    assert notice.level is Level.FAILURE
    assert "risk: 42.12" in notice.lines
    assert not any("confidence" in line for line in notice.lines), "what was not measured is not told as a number"
    assert notice.lines[-1] == "why: aqe deploy explain --version v1"


@pytest.mark.parametrize(
    ("decision", "approved", "level"),
    [
        ("APPROVED", True, Level.SUCCESS),
        ("APPROVED_WITH_WARNINGS", True, Level.WARNING),
        ("PENDING_APPROVAL", False, Level.WARNING),
        ("INCONCLUSIVE", False, Level.WARNING),
        ("BLOCKED", False, Level.FAILURE),
    ],
)
def test_the_level_follows_the_decision(decision: str, approved: bool, level: Level) -> None:
    assert notice_of(assessed(decision, approved=approved)).level is level


def test_an_approval_names_whom_it_waits_for() -> None:
    payload = ApprovalRequested(
        version="v1", approval="a", environment="production", commit=None, requested_by="x", recipients=("cto",),
        expires_at=AT,
    )  # fmt: skip
    assert notice_of(Event.of(payload, source="cli", time=AT)).recipients == ("cto",)


def test_an_event_of_another_agent_is_told_by_its_type_and_data() -> None:
    notice = notice_of(unknown("coverage:analyzed", overallPercent=81.5, gaps=["a", "b"]))
    assert notice.subject == "coverage:analyzed: ?"
    assert notice.lines[:2] == ("overall percent: 81.5", "gaps: a, b")


def test_hostile_data_stays_text_within_bounds() -> None:
    """Neither a line of its own, nor a command of its own in what people copy, nor an endless message."""
    event = unknown("agent:lost", agent="{0}{agent.__class__}\n$(reboot)", taskId="x; reboot", url="redis://u:geheim@h")
    notice = notice_of(event)
    assert "\n" not in notice.subject and "{0}{agent.__class__} $(reboot)" in notice.subject
    assert "geheim" not in repr(notice.lines)
    failed = notice_of(unknown("task:failed", taskId="x; reboot", type="t"))
    assert failed.lines[-1] == "to look: aqe task show 'x; reboot'"
    huge = notice_of(unknown("a:b", **{f"k{n}": "y" * 9_999 for n in range(999)}))
    assert len(huge.lines) <= MAX_LINES + 2 and max(map(len, huge.lines)) <= MAX_LINE_CHARS + 100


def test_words_are_about_events_that_there_are() -> None:
    """A word about a misspelt type would never be said; `deployment:*` belongs to rollouts."""
    assert {name for name in _WORDS if not name.startswith(("deployment:", "anomaly:"))} <= set(EVENT_TYPES)


@pytest.mark.parametrize(
    ("events", "only", "wanted"),
    [
        (("deployment-readiness:*",), {}, True),
        (("deployment:*",), {}, False),
        ((), {}, False),
        (("*",), {"decision": ("BLOCKED",)}, True),
        (("*",), {"decision": ("APPROVED",)}, False),
        (("*",), {"approved": ("false",)}, True),
        (("*",), {"nothing": ("x",)}, False),
    ],
)
def test_a_channel_hears_what_it_asks_for(events: tuple[str, ...], only: dict[str, Any], wanted: bool) -> None:
    section = Section(kind="console", events=events, only=only)
    assert Channel("c", section, ConsoleNotifier(print)).wants(assessed()) is wanted


@pytest.mark.parametrize(
    ("events", "only", "problem"),
    [
        (
            ("deployment-readiness:asessed",),
            {},
            "there is no event deployment-readiness:asessed, did you mean 'deployment-readiness:assessed'?",
        ),
        (("deployment:*", "approval:granted"), {"anything": ("x",)}, None),
        (("weather:changed", "*:lost"), {}, None),
        (
            ("deployment-readiness:assessed",),
            {"decison": ("BLOCKED",)},
            "its events have no field decison, did you mean 'decision'?",
        ),
        (("deployment-readiness:assessed",), {"riskLevel": ("HIGH",)}, None),
    ],
)
def test_a_channel_that_can_never_hear_what_it_asks_for_is_told(
    events: tuple[str, ...], only: dict[str, Any], problem: str | None
) -> None:
    assert misrouted(Section(kind="console", events=events, only=only)) == problem

"""Messages out, over a real bus, to a real receiver."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aqe.bus.events import DeploymentPaused, Event, ReadinessAssessed
from aqe.config.sections import Notifier as Section
from aqe.config.settings import load_settings
from aqe.core.errors import InputError
from aqe.fleet.messages import notifying
from aqe.fleet.messages.notify import Channel, channels, usable
from aqe.fleet.messages.notifying import preview, send_waiting, views
from aqe.fleet.runtime import Runtime
from aqe.tests.integration.conftest import Open
from aqe.tests.receivers import web_receiver
from aqe.tests.servers import documented

WITHIN_S = 30.0


def channel(url: str, **section: Any) -> Sequence[Channel]:
    fields = {"kind": "webhook", "url": url, "events": ("deployment-readiness:*",), **section}
    return tuple(_channels({"ops": Section(**fields)}))


def _channels(notify: dict[str, Section]) -> Sequence[Channel]:
    settings = load_settings({}, {}, Path("/"))
    return channels(settings.model_copy(update={"notify": notify}), print)


def assessed(version: str = "v1", decision: str = "BLOCKED", environment: str = "production") -> Event:
    payload = ReadinessAssessed(
        version=version,
        environment=environment,
        decision=decision,
        approved=False,
        risk_level="HIGH",
        risk=50,
        confidence=None,
    )
    return Event.of(payload, source="test", time=datetime.now(UTC))


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifying, "MAX_PAUSE_S", 0.01)
    monkeypatch.setattr(notifying, "DELIVERY", replace(notifying.DELIVERY, backoff_s=0.05, max_backoff_s=0.1))


async def test_what_waits_is_sent_once_even_to_a_channel_that_is_named_later(open_parts: Open) -> None:
    parts = await open_parts("ci", fleet="n1")
    await parts.bus.publish(assessed())
    with web_receiver() as receiver:
        first = await send_waiting(parts, channel(receiver.url), within_s=WITHIN_S)
        second = await send_waiting(await open_parts("next", fleet="n1"), channel(receiver.url), within_s=WITHIN_S)

    assert [event["data"]["version"] for event in receiver.posted] == ["v1"]
    assert (first[0].sent, second[0].sent, first[0].waiting) == (1, 0, False)


async def test_what_was_said_last_of_a_release_is_not_repeated_within_its_time(open_parts: Open) -> None:
    parts = await open_parts(fleet="n2")
    await parts.bus.publish_many([assessed(), assessed(), assessed(decision="INCONCLUSIVE"), assessed()])
    with web_receiver() as receiver:
        done = await send_waiting(parts, channel(receiver.url), within_s=WITHIN_S)

    assert [event["data"]["decision"] for event in receiver.posted] == ["BLOCKED", "INCONCLUSIVE", "BLOCKED"]
    assert (done[0].sent, done[0].repeated) == (3, 1)


async def test_the_same_decision_for_another_environment_is_a_message_of_its_own(open_parts: Open) -> None:
    parts = await open_parts(fleet="n10")
    await parts.bus.publish_many([assessed(environment=name) for name in ("staging", "production", "staging")])
    with web_receiver() as receiver:
        await send_waiting(parts, channel(receiver.url), within_s=WITHIN_S)

    assert [event["data"]["environment"] for event in receiver.posted] == ["staging", "production"]


async def test_without_such_a_time_every_message_is_sent(open_parts: Open) -> None:
    parts = await open_parts(fleet="n3")
    await parts.bus.publish_many([assessed(), assessed()])
    with web_receiver() as receiver:
        await send_waiting(parts, channel(receiver.url, repeat_after_s=0), within_s=WITHIN_S)
    assert len(receiver.posted) == 2


async def test_a_receiver_with_a_hiccup_gets_it_all_the_same(open_parts: Open) -> None:
    """Three tries at once, then the bus's own."""
    parts = await open_parts(fleet="n4")
    await parts.bus.publish(assessed())
    with web_receiver(500, 503, 500, 429) as receiver:
        done = await send_waiting(parts, channel(receiver.url), within_s=WITHIN_S)
    assert (done[0].sent, done[0].waiting, len(receiver.posted)) == (1, False, 5)


async def test_a_dead_channel_holds_up_no_other_and_says_why(open_parts: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifying, "DELIVERY", replace(notifying.DELIVERY, max_attempts=1))
    parts = await open_parts(fleet="n5")
    await parts.bus.publish(assessed())
    with web_receiver() as receiver:
        section: dict[str, Any] = {"kind": "webhook", "events": ("*:*",), "repeat_after_s": 0}
        both = _channels(
            {"dead": Section(url="http://127.0.0.1:1/geheim", **section), "ops": Section(url=receiver.url, **section)}
        )
        done = {sending.channel: sending for sending in await send_waiting(parts, both, within_s=WITHIN_S)}

    assert done["ops"].sent == 1
    assert "cannot be reached" in (done["dead"].error or "")
    assert "geheim" not in (done["dead"].error or "")


async def test_a_preview_moves_nobody(open_parts: Open) -> None:
    parts = await open_parts(fleet="n6")
    await parts.bus.publish(assessed())
    with web_receiver() as receiver:
        shown = await preview(parts, channel(receiver.url, dry_run=True))
        assert (shown[0].sent, receiver.posted) == (1, [])
        done = await send_waiting(parts, channel(receiver.url), within_s=WITHIN_S)
    assert done[0].sent == 1


async def test_a_channel_that_cannot_be_used_stops_no_other(parts: Runtime) -> None:
    notify = {"broken": Section(kind="slack"), "fine": Section(kind="console", events=("*",))}
    settings = parts.settings.model_copy(update={"notify": notify})

    assert [channel.name for channel in usable(settings, print)] == ["fine"]
    with pytest.raises(InputError, match=r"notify\.broken: no address"):
        channels(settings, print)
    shown = {view.name: view.problem for view in await views(replace(parts, settings=settings))}
    assert shown == {"broken": "notify.broken: no address, expected `url_file` (or `url`)", "fine": None}


def paused(environment: str, reason: str = "lunch") -> Event:
    payload = DeploymentPaused(version="v2", environment=environment, rollout="r1", percent=5, reason=reason)
    return Event.of(payload, source="test", time=datetime.now(UTC))


async def test_a_channel_hears_of_rollouts_what_their_target_says_and_each_event_once(
    open_parts: Open, tmp_path: Path
) -> None:
    with web_receiver() as receiver:
        slack, webhook = "{kind: slack, url_file: /etc/aqe/slack.url}", f"{{kind: webhook, url: '{receiver.url}'}}"
        text = documented("hooks.yaml").replace(slack, webhook)
        (tmp_path / "aqe.yaml").write_text(text)
        settings = load_settings({}, {}, tmp_path)
        (engineering,) = (one for one in usable(settings, print) if one.name == "engineering")
        assert engineering.globs[:2] == ("deployment:started", "deployment:stage-advanced")
        parts = await open_parts("gateway", fleet="n9")
        first, second, elsewhere = paused("production"), paused("production"), paused("staging")
        for event in (first, second, elsewhere, first):
            await parts.bus.publish(event)
        await send_waiting(parts, [engineering], within_s=WITHIN_S)
        await send_waiting(await open_parts("another", fleet="n9"), [engineering], within_s=WITHIN_S)
    assert [event["id"] for event in receiver.posted] == [first.id, second.id]

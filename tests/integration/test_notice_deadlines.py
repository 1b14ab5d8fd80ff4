"""Receivers that answer byte by byte, for ever."""

import threading

import pytest

from aqe.config.sections import Notifier as Section
from aqe.connectors.attempts import MAX_HANGING
from aqe.connectors.notifiers.table import NOTIFIERS, Destination
from aqe.core.errors import ServiceUnavailable
from aqe.core.ports import Notifier
from aqe.core.records.notices import Notice
from aqe.core.registry import by_name
from aqe.fleet.messages.notifying import TRIES, longest_s
from aqe.tests.receivers import trickler

NOTICE = Notice(event="aqe:test", subject="words", lines=("more words",))


def a_notifier(kind: str, url: str, timeout_s: float) -> Notifier:
    return by_name(NOTIFIERS, kind, "kind").make(Destination(print, dict, url=url, timeout_s=timeout_s))


def attempts() -> int:
    return sum(thread.name == "aqe-attempt" for thread in threading.enumerate())


async def test_a_receiver_that_trickles_its_answer_is_left_at_the_deadline_and_holds_no_thread() -> None:
    with trickler() as receiver:
        notifier = a_notifier("webhook", receiver.url, 0.1)
        with pytest.raises(ServiceUnavailable, match=r"no whole answer within 0.1 s: not known whether it arrived"):
            await notifier.notify(NOTICE)
        assert receiver.left.wait(5), "the connection stays open"
        assert b"aqeNotice" in receiver.taken[0], "and it had arrived: nobody may say that it had not"


async def test_a_service_behind_a_library_holds_few_threads_and_is_tried_again_once_it_lets_go() -> None:
    before = attempts()
    with trickler() as receiver:
        notifier = a_notifier("apprise", receiver.url.replace("http://", "json://"), 0.05)
        for _ in range(MAX_HANGING):
            with pytest.raises(ServiceUnavailable, match="not known whether it arrived"):
                await notifier.notify(NOTICE)
        with pytest.raises(ServiceUnavailable, match=f"not tried: {MAX_HANGING} earlier attempts still hang"):
            await notifier.notify(NOTICE)
        assert attempts() - before == MAX_HANGING
    while attempts() > before:
        threading.Event().wait(0.01)
    with pytest.raises(ServiceUnavailable, match="did not take it"):
        await notifier.notify(NOTICE)


@pytest.mark.parametrize("timeout_s", [1.0, 120.0])
def test_all_tries_of_a_message_fit_into_the_time_of_its_handler(timeout_s: float) -> None:
    assert longest_s(Section(kind="webhook", timeout_s=timeout_s)) > TRIES * timeout_s

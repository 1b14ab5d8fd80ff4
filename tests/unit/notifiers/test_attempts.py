"""A call with a deadline: what came in time counts, whenever it was looked at."""

import asyncio
import threading

import pytest

from aqe.connectors.attempts import Attempts
from aqe.core.errors import ServiceUnavailable


async def test_an_answer_that_came_while_the_loop_was_busy_is_taken_and_no_time_out() -> None:
    """Found on a machine with ten times the load it can bear: a rollout was taken back for it."""
    busy = threading.Event()

    def keep_busy() -> None:
        busy.set()
        threading.Event().wait(0.05)  # meanwhile the call returns, and its deadline passes

    def call() -> str:
        busy.wait()
        return "here"

    asyncio.get_running_loop().call_soon(keep_busy)
    assert await Attempts(0.01).run(call) == "here"


async def test_a_time_out_of_the_call_itself_is_its_own() -> None:
    def call() -> None:
        raise TimeoutError("of the call")

    with pytest.raises(TimeoutError, match="of the call"):
        await Attempts(5).run(call)


async def test_who_does_not_answer_is_left_and_cut() -> None:
    over = threading.Event()
    with pytest.raises(ServiceUnavailable, match=r"no whole answer within 0.01 s: the oracle"):
        await Attempts(0.01, "the oracle").run(over.wait, over.set)

"""A command that is told to go leaves in good order: a hidden cursor is shown again, what it held is let go."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator

import pytest

from aqe.cli.common import run


@pytest.fixture(autouse=True)
def no_nohup() -> Iterator[None]:
    """Whoever starts the tests under nohup hands them an ignored SIGHUP."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


async def until_killed(by: signal.Signals, seen: list[str]) -> None:
    os.kill(os.getpid(), by)
    try:
        await asyncio.Event().wait()
    finally:
        seen.append("tidied up")


@pytest.mark.parametrize(("by", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_tidies_up_before_a_signal_ends_it(
    by: signal.Signals, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []
    with pytest.raises(SystemExit) as ended:
        run(until_killed(by, seen))
    assert (ended.value.code, seen, by.name in capsys.readouterr().err) == (code, ["tidied up"], True)
    assert signal.getsignal(by) is signal.SIG_DFL


def test_a_command_ends_also_where_the_first_word_of_it_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    monkeypatch.setattr("aqe.cli.common.CANCEL_EVERY_S", 0.01)
    with pytest.raises(SystemExit):
        run(deaf())


def test_nohup_is_respected() -> None:
    async def work() -> str:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        return "done"

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert run(work()) == "done"

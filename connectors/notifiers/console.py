"""Tells whoever sits at the terminal, or reads the job's log."""

from collections.abc import Callable

from ...core.records.notices import Notice


class ConsoleNotifier:
    """A core/ports.Notifier.

    Args:
        say: prints one line, without what a terminal would obey.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    async def notify(self, notice: Notice) -> None:
        """Print it."""
        to = f" (to {', '.join(notice.recipients)})" if notice.recipients else ""
        for line in (f"{notice.subject}{to}", *(f"  {line}" for line in notice.lines)):
            self._say(line)

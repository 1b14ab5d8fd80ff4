"""Who is told: the channels that there are."""

from collections.abc import Callable

from ..connectors.notifiers.console import ConsoleNotifier
from ..core.ports import Notifier


def console(say: Callable[[str], None]) -> Notifier:
    """The terminal, or the job's log."""
    return ConsoleNotifier(say)

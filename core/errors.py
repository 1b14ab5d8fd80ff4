"""Errors a user or a caller can act on, and the exit codes they end in.

Every message says what is wrong, where, and what was expected; `hint` says what to do. The command line prints the
message and the hint on one line each and leaves with `exit_code`: no traceback for a user's mistake.
"""

from typing import ClassVar

EXIT_OK = 0
"""The command did its work, or the verdict is GO."""
EXIT_NO_GO = 1
"""A verdict command says no."""
EXIT_USAGE = 2
"""Wrong usage or unusable input."""
EXIT_UNAVAILABLE = 3
"""A service this command needs cannot be reached."""
EXIT_INTERRUPTED = 130
"""Ctrl-C, as shells count it (128 + SIGINT)."""


class AqeError(Exception):
    """Root of our errors.

    Args:
        message: what is wrong and where, in one line.
        hint: what to do about it, in one line; shown under the message.
    """

    exit_code: ClassVar[int] = EXIT_USAGE
    retryable: ClassVar[bool] = False
    """True when the same call may succeed later; the bus reads it before it plans another attempt."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(AqeError):
    """What the user gave (file, flag, YAML, JSON) cannot be used."""


class NotFoundError(InputError):
    """The named thing (release, task, key, incident) is not in the store."""


class ConflictError(AqeError):
    """The stored version is not the expected one: somebody wrote in between. Read again and retry."""

    retryable = True


class ValueTooLargeError(InputError):
    """A value is larger than memory accepts (1 MB); bulk data belongs in a dataset."""


class StreamFullError(AqeError):
    """A stream is at its hard cap and a durable group has not read it: the publish is refused, nothing is dropped."""

    exit_code = EXIT_UNAVAILABLE
    retryable = True


class FencedOutError(AqeError):
    """The commit of a worker that no longer owns its entry; nothing of it was applied."""

    exit_code = EXIT_UNAVAILABLE


class TaskVetoed(AqeError):
    """A hook forbids the task; becomes a `task:failed` event with this reason and is never retried."""

    exit_code = EXIT_NO_GO


class NoData(TaskVetoed):
    """There is nothing of the kind that was asked about: nobody failed, and nothing was found out either.

    Commands end with 1 as after a failure, so that a check in CI that looked at nothing is not green.
    """


class ServiceUnavailable(AqeError):
    """A server or program we need does not answer."""

    exit_code = EXIT_UNAVAILABLE
    retryable = True

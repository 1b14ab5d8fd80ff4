"""Files that a process holds as long as it lives; the kernel lets go of them at its death, whatever happens to disk
and clocks.

Who only asks shares the lock for a moment: any number may ask at once and see the same, and who wants to hold the file
meanwhile waits for them.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from ..core.clock import SystemClock

ASKED_S = 1.0
"""More than anybody needs to ask."""
RETRY_S = 0.005

CLOCK = SystemClock()


@contextlib.contextmanager
def locked(path: Path, content: str) -> Iterator[None]:
    """Hold a file's lock, with this content.

    Args:
        path: of the file; its folder is made.
        content: what it says, also after the end.

    Raises:
        BlockingIOError: somebody else holds it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline = CLOCK.monotonic_s() + ASKED_S
    with path.open("a+", encoding="utf-8") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if CLOCK.monotonic_s() >= deadline:
                    raise
            CLOCK.pause(RETRY_S)
        lock.truncate(0)
        lock.write(content)
        lock.flush()
        yield


def is_locked(path: Path) -> bool:
    """Whether somebody holds a file's lock."""
    try:
        with contextlib.suppress(FileNotFoundError), path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False

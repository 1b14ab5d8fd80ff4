"""The embedded server's files: lock, password, log and what its starter wrote down; one user may read them."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...config.settings import Settings, user_id
from ...core.errors import AqeError, ServiceUnavailable
from ...core.records.base import Record
from ..folders import make_data_dir


class ServerRecord(Record):
    """What the starter wrote down, so that the server that replaces a killed one can be reached as before."""

    socket: Path
    """$XDG_RUNTIME_DIR differs between a login shell and cron; the server has one socket."""
    listen: str | None = None


@contextmanager
def server_lock(settings: Settings) -> Iterator[int | None]:
    """The server's lock as a file descriptor, or None when a server or its starter has it."""
    descriptor = os.open(settings.server_dir / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        except BlockingIOError:
            held = False
        yield descriptor if held else None
    finally:
        # A server that was started meanwhile has its own copy and with it the lock.
        os.close(descriptor)


def make_folders(settings: Settings) -> None:
    """Make the server's folder and that of its socket, for one user.

    Raises:
        ServiceUnavailable: the socket's folder is not ours.
    """
    make_data_dir(settings)
    settings.server_dir.mkdir(mode=0o700, exist_ok=True)
    settings.socket_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_private(settings.socket_path.parent)


def check_private(folder: Path) -> None:
    """Refuse a socket's folder that somebody else made: in /tmp anybody can, and put a server of his own there."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != user_id():
        raise ServiceUnavailable(
            f"{folder} is not a folder of user {user_id()}: the embedded server's socket would not be safe there",
            hint="set XDG_RUNTIME_DIR to a folder of your own",
        )
    if status.st_mode & 0o077:
        folder.chmod(0o700)


def log_file(settings: Settings) -> Path:
    """What the server says."""
    return settings.server_dir / "server.log"


def record_file(settings: Settings) -> Path:
    """Where its starter writes a `ServerRecord`."""
    return settings.server_dir / "server.json"


def read_record(settings: Settings) -> ServerRecord:
    """What the starter wrote down; the defaults where there is nothing readable."""
    file = record_file(settings)
    try:
        return ServerRecord.from_json(file.read_text(encoding="utf-8"), where=str(file))
    except (OSError, ValueError, AqeError):  # None yet, or damaged: the defaults find the server in most cases.
        return ServerRecord(socket=settings.socket_path)


def server_password(settings: Settings) -> str:
    """The password in the file; made once, whoever comes first."""
    file = settings.server_password_file
    if not file.exists():
        draft = file.with_suffix(f".{os.getpid()}")
        write_private(draft, secrets.token_urlsafe(24))
        with suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text().strip()


def write_private(file: Path, text: str) -> None:
    """Replace the file's content in one step, readable for its owner only."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)

"""Files we write for people: whole or not at all, and never over somebody's work."""

import os
import tempfile
from pathlib import Path

from ..core.errors import InputError


def write_file(path: Path, content: str | bytes, *, overwrite: bool) -> Path:
    """Write a file in one step; the folder is made.

    Args:
        content: text is written as UTF-8.
        overwrite: replace a file with other content; False = refuse to. The same content is never an error.

    Raises:
        InputError: the file is there and differs, or cannot be written.
    """
    data = content.encode(errors="replace") if isinstance(content, str) else content
    try:
        # What is there and no file (a pipe, a device) is not read: it may have no end.
        if path.exists() and not overwrite and not (path.is_file() and path.read_bytes() == data):
            raise InputError(f"{path} is there and differs", hint="move it away, or write somewhere else with --output")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    return path

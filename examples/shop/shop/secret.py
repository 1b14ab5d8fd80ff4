"""The key that signs session cookies, kept between starts so that nobody is logged out by a restart."""

import contextlib
import os
import secrets
from pathlib import Path


def secret_key(path: Path) -> str:
    """The key in the file `path`, which is made for its owner alone when it is missing.

    Raises:
        OSError: it can be neither read nor made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(), encoding="ascii")
    # A link is made whole or not at all: of two processes that start at once, both read the first one's key.
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    return path.read_text(encoding="ascii")

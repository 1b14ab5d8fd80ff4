"""Git clones for tests, made by somebody who has configured nothing."""

import os
import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str, author: str = "Somebody") -> str:
    """Run git in a folder; what it printed.

    Args:
        folder: a clone, or where one is to be.
        arguments: of git.
        author: of commits.
    """
    # Signing, hooks and templates of the machine's own configuration are none of a test's.
    bare = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", f"user.name={author}", "-c", "user.email=somebody@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, env=os.environ | bare, check=True, capture_output=True, text=True).stdout.strip()

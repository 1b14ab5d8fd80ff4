"""What git says about a folder, where there is git and a clone."""

import subprocess
from pathlib import Path

GIT_TIMEOUT_S = 30


def ask_git(folder: Path, *arguments: str) -> str | None:
    """What git prints; None when there is no git, no clone or nothing to print."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None

"""npm packages for tests, installed once an environment."""

import sys
from hashlib import sha256
from pathlib import Path

from aqe.tests.e2e.test_subscribers import npm_install

PLAYWRIGHT = ("@playwright/test@1.65", "typescript@7.0", "@types/node@22")
"""What a file of the Playwright target is compiled and run with."""

RUNNERS = ("jest@30.5", "vitest@4.1")
"""What a file of the Jest target runs in."""


def node_modules(*packages: str) -> Path:
    """Folder of these packages; it stays beside the Python packages, for the next run."""
    folder = Path(sys.prefix) / "share" / "npm" / sha256(" ".join(packages).encode()).hexdigest()[:12]
    ready = folder / "ready"
    if not ready.exists():
        folder.mkdir(parents=True, exist_ok=True)
        npm_install(folder, *packages)
        ready.touch()
    return folder / "node_modules"

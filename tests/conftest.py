"""One real server a test process, one clean database a test."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from aqe.config.settings import Settings, load_settings
from aqe.fleet.servers.server import ensure_server, stop_server

# A hook of git has its own clone in the environment: tests that run there would commit into it. And what somebody likes
# to see in a terminal is none of what programs print here.
LIKINGS = {"CLICOLOR_FORCE", "COLUMNS", "FORCE_COLOR", "PYTEST_ADDOPTS", "PY_COLORS"}
for name in [name for name in os.environ if name.startswith("GIT_") or name in LIKINGS]:
    del os.environ[name]

# What tests start is on this machine, whatever stands between it and others.
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))

# A busy machine is no failure: no example is timed. In CI, hypothesis begins with a profile that is the parent of this
# one: there each run has the same examples, elsewhere each run has new ones.
settings.register_profile("aqe", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("aqe")


@pytest.fixture(scope="session")
def server_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of the session's server; nothing of the machine's own environment."""
    folder = tmp_path_factory.mktemp("srv")
    return load_settings(env={"XDG_RUNTIME_DIR": str(folder)}, cwd=folder)


@pytest.fixture(scope="session")
def server_url(server_settings: Settings) -> Iterator[str]:
    """A running server."""
    yield ensure_server(server_settings).url
    stop_server(server_settings)


@pytest.fixture
def redis_url(server_url: str) -> str:
    """The same without keys; loaded functions stay."""
    with Redis.from_url(server_url) as client:
        client.flushall()
    return server_url

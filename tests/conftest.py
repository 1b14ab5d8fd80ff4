"""One real server a test process, one clean database a test."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from aqe.config.settings import Settings, load_settings
from aqe.fleet.server import ensure_server, stop_server

# A busy machine is no failure: no example is timed.
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

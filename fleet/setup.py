"""First thing a command does: settings, then logging."""

from collections.abc import Mapping
from typing import Any

from ..config.logging import setup_logging
from ..config.settings import Settings, load_settings


def load_and_log(flags: Mapping[str, Any], *, default_log_level: str) -> Settings:
    """Settings from flags, environment and file; structlog set up once.

    Args:
        flags: by the names of config/settings.OPTIONS; None = not given.
        default_log_level: where nobody says anything.
    """
    settings = load_settings(flags)
    level = settings.fleet.log_level if settings.origins["fleet.log_level"] != "default" else default_log_level
    setup_logging(settings, level=level)
    return settings

"""First thing a command does: settings, then logging."""

from collections.abc import Mapping
from typing import Any

from ..config.logging import set_up_logging
from ..config.settings import Settings, ignore_plugins, load_settings


def load_and_log(flags: Mapping[str, Any], *, default_log_level: str) -> Settings:
    """Settings from flags, environment and file; structlog set up once.

    Args:
        flags: by the names of config/settings.OPTIONS; None = not given.
        default_log_level: where nobody says anything.
    """
    ignore_plugins()
    settings = load_settings(flags)
    if settings.origins["fleet.log_level"] == "default":
        level = settings.fleet.model_copy(update={"log_level": default_log_level})
        settings = settings.model_copy(update={"fleet": level})
    set_up_logging(settings)
    return settings

"""What the faces need of config/: the settings, shown and checked, and `aqe init`."""

from collections.abc import Mapping
from pathlib import Path

from ..config.init import InitPlan, list_paths, may_be_log, plan_init, write_plan
from ..config.settings import Settings, effective
from ..config.skills import Skill as Skill
from ..config.skills import skill as skill
from ..config.skills import skills as skills
from .decisions.policies import load_policies, project_checklist
from .servers.redis_url import parse_url

MAX_OPENED = 300
"""Logs that `aqe init` looks into; a folder of years of them is told by the first."""

__all__ = ["InitPlan", "Settings", "check", "initialize", "shown"]


def initialize(root: Path) -> tuple[InitPlan, Mapping[str, bool]]:
    """Look at a repository, write aqe.yaml and a policy where there is none.

    Returns:
        What was found, and file name -> whether it was written.
    """
    from .imports.told_logs import told_logs  # with all importers, which `config show` has no use for

    paths = list_paths(root)
    told = told_logs(root, [path for path in paths if may_be_log(path)][:MAX_OPENED])
    plan = plan_init(paths, project=root.name, told=told)
    return plan, write_plan(plan, root)


def shown(settings: Settings) -> list[dict[str, object]]:
    """Every value in force with its origin, secrets masked; JSON-ready."""
    return [{"key": key, "value": _plain(value), "origin": origin} for key, value, origin in effective(settings)]


def check(settings: Settings) -> tuple[str, ...]:
    """Read what the settings name; returns remarks about what is no error.

    Raises:
        InputError: a policy file or a server URL that cannot be used. What aqe.yaml itself says was checked when the
            settings were loaded.
    """
    load_policies(settings)
    project_checklist(settings)
    if settings.redis.url:
        parse_url(settings.redis.url)
    return tuple(f"nobody reads {name}" for name in settings.unknown_env)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value

"""What the deploy commands share: which release, under which policy, and the task that is done for it."""

from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any

import click

from ..common import say, with_runtime

if TYPE_CHECKING:
    from ...fleet.project import Settings
    from ...fleet.runtime import Runtime


def judged_options(command: Any) -> Any:
    """Under which policy, for which environment and commit."""
    for option in (
        click.option(
            "--policy",
            metavar="NAME",
            default="default",
            help="default (aqe.yaml's), specification, fast-track.",
        ),
        click.option("--env", "environment", metavar="NAME", help="Environment (default: the release's, production)."),
        click.option("--commit", metavar="HASH", help="Commit, where the release's own record does not say."),
    ):
        command = option(command)
    return command


def release_options(command: Any) -> Any:
    """Which release, under which policy."""
    version = click.option("--version", "version", metavar="VERSION", required=True, help="Release, as tagged.")
    return version(judged_options(command))


def done(
    ctx: click.Context,
    task_type: str,
    payload: dict[str, Any],
    priority: str = "medium",
    *,
    prepare: "Callable[[Runtime, dict[str, Any]], Awaitable[None]] | None" = None,
) -> "tuple[Settings, Any]":
    """Have a task of the readiness agent done: the settings and the task's result.

    Args:
        payload: what the options gave; None is left out.
        prepare: called with the open parts and the payload before the task is made; may add to the payload.
    """
    from ...core.records.release import check_commit, check_environment, check_version
    from ...core.records.tasks import Priority
    from ...fleet.tasks import new_task, perform

    given = {name: value for name, value in payload.items() if value is not None}
    checks = {
        "version": check_version,
        "baseline": check_version,
        "commit": check_commit,
        "environment": check_environment,
    }
    for name in checks.keys() & given.keys():
        checks[name](given[name])

    async def work(parts: "Runtime") -> "tuple[Settings, Any]":
        await _check_names(parts, given)
        if prepare:
            await prepare(parts, given)
        task = new_task(parts, task_type, given, priority=Priority(priority))
        return parts.settings, (await perform(parts, task, said=say)).result

    return with_runtime(ctx, work)


async def _check_names(parts: "Runtime", given: dict[str, Any]) -> None:
    """A mistyped policy or gate is wrong usage, not a task that failed."""
    from ...core.errors import InputError
    from ...core.registry import did_you_mean

    def check(what: str, name: str, known: Collection[str]) -> None:
        if name not in known:
            raise InputError(f"unknown {what} {name!r}{did_you_mean(name, known)}", hint=f"known: {', '.join(known)}")

    if given["policy"] == "default" and parts.settings.policy.file is None and "gate" not in given:
        return  # there is always one, and the agent reads it
    policies = await parts.policies()
    check("policy", given["policy"], policies)
    if "gate" in given:
        policy = policies[given["policy"]]
        names = [*(gate.gate for gate in policy.gates), *(window.name for window in policy.freeze_windows)]
        check("gate", given["gate"], names)

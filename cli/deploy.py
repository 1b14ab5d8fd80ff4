"""`aqe deploy`: is a release ready?"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import click

from .common import look, output_options, print_json, say, with_runtime

if TYPE_CHECKING:
    from ..fleet.project import Settings
    from ..fleet.runtime import Runtime


@click.group()
def deploy() -> None:
    """Is a release ready?

    \b
    Exit codes of assess and check-gate: 0 GO or passed, 1 NO-GO or not passed.
    """


def release_options(command: Any) -> Any:
    """Which release, under which policy."""
    for option in (
        click.option(
            "--policy", metavar="NAME", default="default", help="Policy: default (aqe.yaml's), specification."
        ),
        click.option("--env", "environment", metavar="NAME", help="Environment (default: the release's, production)."),
        click.option("--commit", metavar="HASH", help="Commit, where the release's own record does not say."),
        click.option("--version", "version", metavar="VERSION", required=True, help="Release, as tagged."),
    ):
        command = option(command)
    return command


@deploy.command()
@release_options
@click.option(
    "--priority", type=click.Choice(["low", "medium", "high", "critical"]), default="medium", help="Of the task."
)
@click.option("--strict", is_flag=True, help="Warnings are NO-GO.")
@output_options
@click.pass_context
def assess(ctx: click.Context, /, as_json: bool, strict: bool, priority: str, **payload: str | None) -> None:
    """Judge a release by its signals and say GO or NO-GO.

    The decision is stored at aqe/deployment/decision, byte for byte as --json prints it.

    \b
    Exit codes: 0 GO, 1 NO-GO (with --strict also APPROVED_WITH_WARNINGS).
    Example: aqe deploy assess --version v1.4.0 --json | jq -r .decision
    """
    from ..core.errors import EXIT_NO_GO, EXIT_OK
    from ..core.records.readiness import Decision, DecisionStatus
    from .text_readiness import decision_text

    settings, result = _task(ctx, "deployment-assessment", payload, priority)
    decision = Decision.from_value(result, where="result of the assessment")
    if as_json:
        print_json(decision)
    else:
        click.echo(decision_text(decision, look(settings)))
    go = decision.approved and not (strict and decision.decision is DecisionStatus.APPROVED_WITH_WARNINGS)
    ctx.exit(EXIT_OK if go else EXIT_NO_GO)


@deploy.command("risk-score")
@release_options
@output_options
@click.pass_context
def risk_score(ctx: click.Context, /, as_json: bool, **payload: str | None) -> None:
    """Risk by dimension and metric, 0 (none) to 100.

    \b
    Example: aqe deploy risk-score --version v1.4.0
    """
    from ..core.records.readiness import RiskAssessment
    from .text_readiness import risk_text

    settings, result = _task(ctx, "risk-score", payload)
    risk = RiskAssessment.from_value(result, where="result of the risk score")
    if as_json:
        print_json(risk)
    else:
        click.echo(risk_text(risk, look(settings)))


@deploy.command("check-gate")
@release_options
@click.option("--gate", metavar="NAME", required=True, help="Gate of the policy, e.g. security.")
@output_options
@click.pass_context
def check_gate(ctx: click.Context, /, as_json: bool, gate: str, **payload: str | None) -> None:
    """One gate of the policy.

    \b
    Exit codes: 0 passed or not applicable, 1 failed or without evidence.
    Example: aqe deploy check-gate --gate security --version v1.4.0
    """
    from ..core.errors import EXIT_NO_GO, EXIT_OK
    from ..core.records.readiness import GateResult, GateStatus
    from .text_readiness import gate_text

    settings, value = _task(ctx, "gate-check", {**payload, "gate": gate})
    result = GateResult.from_value(value, where="result of the gate check")
    if as_json:
        print_json(result)
    else:
        click.echo(gate_text(result, look(settings)))
    passed = result.status in (GateStatus.PASSED, GateStatus.NOT_APPLICABLE, GateStatus.ATTESTED)
    ctx.exit(EXIT_OK if passed else EXIT_NO_GO)


def _task(
    ctx: click.Context, task_type: str, payload: dict[str, str | None], priority: str = "medium"
) -> "tuple[Settings, Any]":
    from ..core.records.tasks import Priority
    from ..fleet.signals import check_version
    from ..fleet.tasks import new_task, perform

    given = {name: value for name, value in payload.items() if value is not None}
    check_version(given["version"])

    async def work(parts: "Runtime") -> "tuple[Settings, Any]":
        _check_names(parts, given)
        task = new_task(parts, task_type, given, priority=Priority(priority))
        return parts.settings, (await perform(parts, task, said=say)).result

    return with_runtime(ctx, work)


def _check_names(parts: "Runtime", given: dict[str, str]) -> None:
    """A mistyped policy or gate is wrong usage, not a task that failed."""
    from ..core.errors import InputError
    from ..core.registry import did_you_mean

    def check(what: str, name: str, known: Collection[str]) -> None:
        if name not in known:
            raise InputError(f"unknown {what} {name!r}{did_you_mean(name, known)}", hint=f"known: {', '.join(known)}")

    check("policy", given["policy"], parts.policies())
    if "gate" in given:
        check("gate", given["gate"], [gate.gate for gate in parts.policies()[given["policy"]].gates])

"""`aqe deploy`: is a release ready?"""

from typing import Any

import click

from .common import load, output_options, print_json, run, runtime, say


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
def assess(ctx: click.Context, as_json: bool, strict: bool, priority: str, **payload: str | None) -> None:
    """Judge a release by its signals and say GO or NO-GO."""
    from ..core.records.readiness import Decision, DecisionStatus
    from .text_readiness import decision_text

    result = _task(ctx, "deployment-assessment", payload, priority)
    decision = Decision.from_value(result, where="result of the assessment")
    if as_json:
        print_json(decision)
    else:
        click.echo(decision_text(decision))
    go = decision.approved and not (strict and decision.decision is DecisionStatus.APPROVED_WITH_WARNINGS)
    ctx.exit(0 if go else 1)


@deploy.command("risk-score")
@release_options
@output_options
@click.pass_context
def risk_score(ctx: click.Context, as_json: bool, **payload: str | None) -> None:
    """Risk by dimension and metric, 0 (none) to 100."""
    from ..core.records.readiness import RiskAssessment
    from .text_readiness import risk_text

    risk = RiskAssessment.from_value(_task(ctx, "risk-score", payload), where="result of the risk score")
    if as_json:
        print_json(risk)
    else:
        click.echo(risk_text(risk))


@deploy.command("check-gate")
@release_options
@click.option("--gate", metavar="NAME", required=True, help="Gate of the policy, e.g. security.")
@output_options
@click.pass_context
def check_gate(ctx: click.Context, as_json: bool, gate: str, **payload: str | None) -> None:
    """One gate of the policy."""
    from ..core.records.readiness import GateResult, GateStatus
    from .text_readiness import gate_text

    result = GateResult.from_value(
        _task(ctx, "gate-check", {**payload, "gate": gate}), where="result of the gate check"
    )
    if as_json:
        print_json(result)
    else:
        click.echo(gate_text(result))
    ctx.exit(0 if result.status in (GateStatus.PASSED, GateStatus.NOT_APPLICABLE, GateStatus.ATTESTED) else 1)


def _task(ctx: click.Context, task_type: str, payload: dict[str, str | None], priority: str = "medium") -> Any:
    from ..core.records.tasks import Priority
    from ..fleet.tasks import new_task, perform

    settings = load(ctx)

    async def work() -> Any:
        async with runtime(settings) as parts:
            given = {name: value for name, value in payload.items() if value is not None}
            task = new_task(parts, task_type, given, priority=Priority(priority))
            return (await perform(parts, task, said=say)).result

    return run(work())

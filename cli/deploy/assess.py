"""`aqe deploy assess`, `check-gate`: judging a release."""

import shlex
from typing import Any

import click

from ..common import look, output_options, print_json, verdict
from .shared import done, release_options


@click.command()
@release_options
@click.option(
    "--priority", type=click.Choice(["low", "medium", "high", "critical"]), default="medium", help="Of the task."
)
@click.option("--fast-track", is_flag=True, help="Under the narrower policy for emergencies; needs emergency-approve.")
@click.option("--strict", is_flag=True, help="Warnings are NO-GO.")
@click.option(
    "--what-if",
    "assumptions",
    metavar="FILE",
    help="Decide as if FILE (YAML, JSON, -) were measured; store nothing.",
)
@output_options
@click.pass_context
def assess(
    ctx: click.Context,
    /,
    as_json: bool,
    strict: bool,
    fast_track: bool,
    priority: str,
    assumptions: str | None,
    **payload: Any,
) -> None:
    """Judge a release by its signals and say GO or NO-GO.

    The decision is stored at aqe/deployment/decision, byte for byte as --json prints it. With --what-if it is
    hypothetical and stored nowhere; FILE holds metrics by signal kind, such as
    {"test-coverage": {"lineCoveragePercent": 91}}, and null for what is assumed not to be measured.

    \b
    Exit codes: 0 GO, 1 NO-GO (with --strict also APPROVED_WITH_WARNINGS).
    Example: aqe deploy assess --version v1.4.0 --json | jq -r .decision
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK

    if fast_track:
        if payload["policy"] != "default":
            raise click.UsageError("--fast-track is a policy itself: leave out --policy")
        payload["policy"] = "fast-track"
    task_type = "deployment-assessment"
    if assumptions is not None:
        from ...fleet.decisions.what_if import read_what_if

        task_type, payload["whatIf"] = "what-if", read_what_if(assumptions).to_dict()["signals"]
    settings, result = done(ctx, task_type, payload, priority)
    go = result["approved"] and not (strict and result["decision"] == "APPROVED_WITH_WARNINGS")
    with verdict(ctx, EXIT_OK if go else EXIT_NO_GO):
        if as_json:
            print_json(result)
        else:
            from ...core.records.decisions.readiness import Decision
            from ..text_readiness import decision_text

            decision = Decision.from_value(result, where="result of the assessment")
            click.echo(
                decision_text(decision, look(settings), heading=_heading(priority, fast_track), flags=_flags(payload))
            )


def _heading(priority: str, fast_track: bool) -> str:
    words = "Emergency assessment, on the fast track" if fast_track else "Deployment readiness"
    return words if priority == "medium" else f"{words}, {priority} priority"


def _flags(payload: dict[str, Any]) -> str:
    """What the commands that lead on need besides the version, to judge the same."""
    names = {"policy": "--policy", "environment": "--env", "commit": "--commit"}
    given = {names[name]: payload[name] for name in names if payload.get(name) not in (None, "default")}
    return "".join(f" {flag} {shlex.quote(value)}" for flag, value in given.items())


@click.command("check-gate")
@release_options
@click.option("--gate", metavar="NAME", required=True, help="Gate of the policy, e.g. security.")
@output_options
@click.pass_context
def check_gate(ctx: click.Context, /, as_json: bool, gate: str, **payload: str | None) -> None:
    """One gate of the policy.

    \b
    Exit codes: 0 passed, in its warning band, waived or not applicable; 1 failed or without evidence.
    Example: aqe deploy check-gate --gate security --version v1.4.0
    """
    from ...core.errors import EXIT_NO_GO, EXIT_OK
    from ...core.records.decisions.readiness import GateResult, GateStatus
    from ..text_readiness import gate_text

    settings, value = done(ctx, "gate-check", {**payload, "gate": gate})
    result = GateResult.from_value(value, where="result of the gate check")
    passed = result.status not in (GateStatus.FAILED, GateStatus.NO_EVIDENCE, GateStatus.PENDING)
    with verdict(ctx, EXIT_OK if passed else EXIT_NO_GO):
        if as_json:
            print_json(result)
        else:
            click.echo(gate_text(result, look(settings)))

"""`aqe deploy`: is a release ready? A table of commands, each imported when chosen."""

import click

from ..lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str, str]] = {
    "assess": ("deploy.assess", "assess", "Judge a release by its signals and say GO or NO-GO."),
    "risk": ("deploy.risk", "risk", "The same as risk-score --detailed."),
    "risk-score": ("deploy.risk", "risk_score", "Risk by dimension and metric, 0 (none) to 100."),
    "blockers": ("deploy.why", "blockers", "What keeps the release from a GO."),
    "explain": ("deploy.why", "explain", "Why a release is decided as it is."),
    "remediate": ("deploy.plans", "remediate", "A plan against what keeps the release from a GO."),
    "rollback-plan": ("deploy.plans", "rollback_plan", "How the release would be taken back."),
    "compare": ("deploy.why", "compare", "Two releases side by side."),
    "check-gate": ("deploy.assess", "check_gate", "One gate of the policy."),
    "configure-gates": ("deploy.policies", "configure_gates", "Check a policy and make it the fleet's."),
    "policies": ("deploy.policies", "policies", "Which policies there are, and where they come from."),
    "checklist": ("deploy.checklist", "checklist", "What is to be done before a release, each item with its evidence."),
    "attest": ("deploy.attest", "attest", "Vouch for what no tool measures, with evidence, in your name."),
    "report": ("deploy.report", "report", "The report for those who decide, in five formats."),
    "approve-request": ("deploy.approvals", "approve_request", "Ask for a release to be approved."),
    "approvals": ("deploy.approvals", "approvals", "What waits for whom."),
    "approve": ("deploy.approvals", "approve", "Grant what was asked for, in your name."),
    "reject": ("deploy.approvals", "reject", "Refuse it, or take a grant back."),
    "override": ("deploy.approvals", "override", "Let a failed gate or a veto not count, by authority."),
    "emergency-approve": ("deploy.approvals", "emergency_approve", "Override and approve in one signed step."),
    "confidence": ("deploy.confidence", "confidence", "Probability that the release succeeds, with its interval."),
    "configure-canary": ("deploy.rollout_setup", "configure_canary", "Set the stages of a release's next rollout."),
    "set-rollback-triggers": ("deploy.rollout_setup", "set_rollback_triggers", "Set limits that take releases back."),
    "simulate": ("deploy.simulate", "simulate", "What a rollout would have done on recorded metrics."),
    "judge": ("deploy.judge", "judge", "Points of a canary and its baseline, judged as Kayenta does."),
    "execute": ("deploy.rollout", "execute", "Deploy a release that has a GO, in stages, and watch it."),
    "monitor": ("deploy.rollout", "monitor", "Where a rollout stands."),
    "dashboard": ("deploy.rollout_watch", "dashboard", "A rollout as it goes, on a terminal."),
    "validate": ("deploy.rollout_watch", "validate", "Look at a deployed release for a while and say how it is."),
    "assess-multi-region": ("deploy.regions", "assess_multi_region", "Judge a release for each of several regions."),
    "plan-regions": ("deploy.regions", "plan_regions", "Plan which region gets a release when."),
    "execute-multi-region": ("deploy.regions", "execute_multi_region", "Deploy a release to its regions, as planned."),
    "multi-region": ("deploy.regions", "multi_region", "How a release in several regions stands; or all three steps."),
    "pause": ("deploy.rollout", "pause", "Keep a running rollout where it is."),
    "resume": ("deploy.rollout", "resume", "Let a paused rollout go on."),
    "promote": ("deploy.rollout", "promote", "Give a running rollout all traffic now."),
    "abort": ("deploy.rollout", "abort", "Take a running rollout back."),
    "rollback": ("deploy.rollout", "rollback", "Take a release back, also one that was promoted."),
    "record-outcome": ("deploy.outcome", "record_outcome", "What came of a deployment."),
    "history": ("deploy.history", "history", "Past deployments, and how good predictions and policies were."),
}
"""Command -> module, attribute, one line of help."""


@click.group(cls=LazyGroup, table=COMMANDS)
def deploy() -> None:
    """Is a release ready?

    \b
    Exit codes of assess, check-gate and blockers: 0 GO or passed, 1 NO-GO or not passed.
    """

"""Watches a release from outside: its rollout as its runner saves it, and what was promoted by looks of its own."""

from collections.abc import Callable

from ...agents.deployment_readiness.judging.sequential import State
from ...agents.deployment_readiness.rollout.look import is_worse
from ...core.errors import ServiceUnavailable
from ...core.log import Logger
from ...core.records.notices import Level, Notice
from ...core.records.rollouts.health import DeploymentAlert, alert_about, alerts_of
from ...core.records.rollouts.rollout import Phase, Rollout, place_of
from ..messages.notify import Channel
from ..messages.notifying import send
from ..runtime import Runtime
from .desk import has_target, latest_at, watched_rollout
from .validating import Validation, looks

log = Logger("monitoring")


class Monitored(Rollout):
    """Where a rollout stands, and how what it brought is since."""

    since: Validation | None = None
    """By looks after it had ended; None = there were none."""
    alerts: tuple[DeploymentAlert, ...] = ()
    """That hold now."""

    @property
    def is_well(self) -> bool:
        """False when it was taken back, or is worse or without data since."""
        taken_back = self.state.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK)
        return not taken_back and (self.since is None or self.since.verdict == State.HEALTHY)


class Teller:
    """Tells a channel every alert when it begins; that it is not told does not stop the watching.

    Args:
        channel: of `notify`; None = nobody is told.
    """

    def __init__(self, channel: Channel | None) -> None:
        self._channel = channel
        self._known: set[str] = set()

    async def tell(self, alerts: tuple[DeploymentAlert, ...]) -> None:
        """Those that were not there the time before."""
        new = [one for one in alerts if one.about not in self._known]
        self._known = {one.about for one in alerts}
        for one in new if self._channel else ():
            await self._send(one)

    async def _send(self, one: DeploymentAlert) -> None:
        where = f"{one.environment}/{one.region}" if one.region else one.environment
        notice = Notice(
            event="deployment:alert-raised",
            subject=f"{one.version} to {where}: {one.about}",
            lines=(one.reason or "no reason is given", f"to look: aqe deploy monitor --version {one.version}"),
            level=Level.FAILURE,
            at=one.since,
        )
        assert self._channel is not None
        try:
            await send(self._channel, notice)
        except ServiceUnavailable as error:
            log.warning("message was not taken", channel=self._channel.name, error=error.message)


async def monitor(
    runtime: Runtime, version: str, region: str | None, *, within_s: float | None, watch: bool, until_alert: bool,
    teller: Teller, say: Callable[[str], None],
) -> Monitored:  # fmt: skip
    """Look at a rollout once, until it has ended, or for a while; then at what it brought, for the rest of that while.

    Args:
        runtime: the open parts.
        version: of the release.
        region: one of the environment's; None = the latest rollout of the version.
        within_s: seconds; None = once, or with `watch` until the rollout has ended.
        watch: until it has ended.
        until_alert: end with the first alert.
        teller: is told every alert.
        say: is told what happens.

    Raises:
        NotFoundError: there is no rollout of the version.
        InputError: it went to several regions and none is named.
    """
    deadline = None if within_s is None else runtime.clock.monotonic_s() + within_s
    told = 0
    while True:
        rollout = await watched_rollout(runtime, version, region)
        for moment in rollout.state.timeline[told:] if watch or within_s else ():
            say(f"[{moment.at:%H:%M:%S}] {moment.text}")
        told = len(rollout.state.timeline)
        alerts = alerts_of(rollout)
        await teller.tell(alerts)
        left_s = None if deadline is None else deadline - runtime.clock.monotonic_s()
        ended, over = rollout.state.phase.is_final, left_s is not None and left_s <= 0
        if ended or over or (until_alert and alerts) or (left_s is None and not watch):
            break
        await runtime.clock.sleep(min(1.0, rollout.plan.interval_s))
    found = Monitored(**dict(rollout), alerts=alerts)
    if rollout.state.phase is not Phase.PROMOTED or left_s is None or left_s <= 0:
        return found
    if (why := await _gone(runtime, rollout)) is not None:
        say(f"{version} is not looked at any further: {why}")
        return found
    return await _looked_after(runtime, found, left_s, until_alert, teller)


async def _gone(runtime: Runtime, rollout: Rollout) -> str | None:
    """Why what it brought cannot be looked at; None = it can."""
    plan = rollout.plan
    newest = await latest_at(runtime, rollout)
    if newest.plan.id != plan.id:
        return f"{newest.plan.version} was rolled out to {place_of(plan)} since"
    if not has_target(runtime.settings, plan.environment, plan.region):
        return f"aqe.yaml of this folder has no rollout to {place_of(plan)}"
    return None


async def _looked_after(
    runtime: Runtime, found: Monitored, within_s: float, until_alert: bool, teller: Teller
) -> Monitored:
    plan = found.plan
    async for since in looks(
        runtime, plan.version, within_s=within_s, environment=plan.environment, region=plan.region
    ):
        alerts = tuple(alert_about(found, one.metric, one.reason, since.at) for one in since.verdicts if is_worse(one))
        await teller.tell(alerts)
        found = found.model_copy(update={"since": since, "alerts": alerts})
        if until_alert and alerts:
            break
    return found

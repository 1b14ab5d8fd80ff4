"""Which orders change nothing now, and why: said to the person at once, and in the timeline when it is too late."""

from ....core.records.rollouts.regions import RegionalPhase
from ....core.records.rollouts.rollout import Order, Phase, RolloutState
from .traffic import still_arrives

TAKEN_BACK = "it is being taken back already"
ALL_TRAFFIC = "it has all traffic already; abort takes it back"


def idle(state: RolloutState, order: Order) -> str | None:
    """Why an order changes nothing in a rollout that has not ended; None = it is obeyed."""
    if state.phase is Phase.ROLLING_BACK:
        # Whoever knows why requests still come may end it all the same.
        return None if order is Order.ABORT and still_arrives(state.traffic) else TAKEN_BACK
    match order:
        case Order.PAUSE if state.phase is Phase.PAUSED:
            return "it is paused already"
        case Order.PAUSE if state.phase not in (Phase.PREPARING, Phase.STAGE):
            return ALL_TRAFFIC
        case Order.RESUME if state.phase is not Phase.PAUSED:
            return "it is not paused"
        case Order.PROMOTE if state.phase is Phase.PREPARING or not state.percent:
            return "nothing has moved yet, its instances or hooks are waited for"
        case Order.PROMOTE if state.percent >= 100 and state.phase not in (Phase.PAUSED, Phase.HELD):
            return ALL_TRAFFIC
        case _:
            return None


def idle_regional(phase: RegionalPhase, order: Order) -> str | None:
    """The same of a release in several regions as a whole."""
    if phase is RegionalPhase.ROLLING_BACK:
        return TAKEN_BACK
    match order:
        case Order.PAUSE if phase is not RegionalPhase.RUNNING:
            return "it is paused already" if phase is RegionalPhase.PAUSED else "all regions are being promoted"
        case Order.RESUME if phase is not RegionalPhase.PAUSED:
            return "it is not paused"
        case Order.PROMOTE:
            return "its regions end together, by its plan; --region NAME promotes one"
        case _:
            return None

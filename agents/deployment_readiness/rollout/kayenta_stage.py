"""Stages that are judged as Kayenta does, instead of by counts.

Each look is a point of every metric, of both arms. At each interval, or once at the stage's end, the points so far are
judged: a score at or below the marginal threshold takes the release back at once, one below the pass threshold is
watched on, and at the stage's end the pass threshold decides. With all traffic on the new version there is no baseline
beside it to be judged against: there counts decide, as in any other rollout.

Source of the rules: spinnaker/orca, the intervals of a canary analysis, as of 2024.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from ....core.errors import InputError
from ....core.numbers import counted
from ....core.records.rollouts.canary import JudgedCanary
from ....core.records.rollouts.kayenta import KayentaJudging, KayentaStage, Pair
from ....core.records.rollouts.rollout import MetricVerdict, RolloutPlan, RolloutState
from ..judging.sequential import State

MAX_POINTS = 300
"""Of a metric, the latest: all of them are saved at every look."""
METRIC = "kayenta"
"""Of the verdict."""


def is_judged_so(plan: RolloutPlan, percent: float) -> bool:
    """True where this judge decides: it needs traffic on both arms."""
    return plan.kayenta is not None and 0 < percent < 100


def names_of(judging: KayentaJudging) -> list[str]:
    """The metrics of a configuration."""
    found = judging.config.get("metrics")
    return [str(one["name"]) for one in found if "name" in one] if isinstance(found, list) else []


def check_judging(judging: KayentaJudging, known: Mapping[str, bool]) -> None:
    """See before anything moves that it can be judged so.

    Args:
        judging: of the plan.
        known: metric that the target measures -> True when it does of both arms.

    Raises:
        InputError: the configuration is none, or names a metric that is not measured of both arms.
    """
    _judge(judging, {})
    for name in names_of(judging):
        if not known.get(name):
            lacks = "is measured of one arm only: its query has no {arm}" if name in known else "is not measured"
            both = ", ".join(metric for metric, of_both in known.items() if of_both)
            raise InputError(f"Kayenta's configuration: metric {name!r} {lacks}", hint=f"known: {both}")


def stage_after(plan: RolloutPlan, state: RolloutState, now: datetime, pairs: Mapping[str, Pair]) -> KayentaStage:
    """The stage with one more look, judged where that is due.

    Args:
        plan, state: of the rollout, the look counted.
        now: of the look.
        pairs: metric -> what both arms were.
    """
    judging, known = plan.kayenta, state.kayenta
    if judging is None or state.reached_at is None or not is_judged_so(plan, state.percent):
        return known
    # In which order they stand decides nothing, so a metric without a value is a point all the same.
    points = {name: (*known.points.get(name, ()), pairs[name])[-MAX_POINTS:] for name in names_of(judging)}
    taken = known.model_copy(update={"points": points})
    duration_s = plan.stages[state.stage].duration_s
    over = (now - state.reached_at).total_seconds() >= duration_s and state.canary.requests >= plan.min_requests
    since_s = (now - (known.judged_at or state.reached_at)).total_seconds()
    due = (over and not known.final) or since_s >= (judging.every_s or duration_s)
    if not due:
        return taken
    return taken.model_copy(update={"judged": _judge(judging, points), "judged_at": now, "final": over})


def stage_verdict(plan: RolloutPlan, state: RolloutState) -> Iterator[MetricVerdict]:
    """What the latest judgement says of the canary; nothing where this judge does not decide."""
    if plan.kayenta is None or not is_judged_so(plan, state.percent):
        return
    judged = state.kayenta.judged
    if judged is None:
        looks = max((len(points) for points in state.kayenta.points.values()), default=0)
        yield MetricVerdict(
            metric=METRIC, state=State.UNDECIDED, reason=f"{counted(looks, 'look')} so far, not judged yet"
        )
        return
    found = State.UNDECIDED
    if _stops(plan.kayenta, state.kayenta):
        found = State.WORSE
    elif judged.classification == "Pass":
        found = State.HEALTHY
    yield MetricVerdict(metric=METRIC, state=found, reason=words(plan.kayenta, state.kayenta))


def words(judging: KayentaJudging, stage: KayentaStage) -> str:
    """`Marginal, score 80 (pass 95, marginal 75); errors 50, latency 100; failed: ...`; empty = not judged."""
    from ..judging.kayenta_config import thresholds  # SciPy's, which most commands need nothing of

    if (judged := stage.judged) is None:
        return ""
    passing, marginal = thresholds(judging.config)
    groups = ", ".join(f"{name} {value:g}" for name, value in judged.groups.items())
    end = "at the stage's end" if stage.final else "so far"
    said = f"{judged.classification} {end}, score {judged.score:g} (pass {passing:g}, marginal {marginal:g})"
    why = [f"{one.name}: {one.reason}" for one in judged.metrics if one.classification != "Pass" and not one.muted]
    return "; ".join([said, *([f"by group: {groups}"] if groups else []), judged.reason, *why])


def _stops(judging: KayentaJudging, stage: KayentaStage) -> bool:
    from ..judging.kayenta import continues
    from ..judging.kayenta_config import thresholds

    judged = stage.judged
    if judged is None:
        return False
    passing, marginal = thresholds(judging.config)
    return not continues(judged.score, marginal=marginal) or (stage.final and judged.score < passing)


def _judge(judging: KayentaJudging, points: Mapping[str, tuple[Pair, ...]]) -> JudgedCanary:
    from ..judging.kayenta_config import judge_canary

    arms = ("experiment", "control")
    values = [
        {"name": name, "values": {arm: [pair[i] for pair in pairs] for i, arm in enumerate(arms)}}
        for name, pairs in ((name, points.get(name, ())) for name in names_of(judging))
    ]
    return judge_canary(judging.config, values)

"""What a rollback plan needs of the project: the migrations that the change brings, and whom to tell."""

from collections.abc import Iterator
from pathlib import Path

from ...agents.deployment_readiness.migrations import MAX_TEXT, is_migration, migrations_in
from ...config.settings import Settings
from ...core.errors import InputError
from ...core.globs import compile_glob
from ...core.records.decisions.history import HISTORY_KEY, read_history
from ...core.records.decisions.rollback_plan import Notice, PlannedRollout, Strategy, Surroundings
from ...core.records.release import Release
from ...core.records.rollouts.rollback_rules import RolloutTrigger
from ..runtime import Runtime
from ..signals import stored_release
from .git import ask_git

ROLLED_BACK = "deployment:rolled-back"
MAX_MIGRATIONS = 200
"""Files of a change that are read."""


async def look_around(
    runtime: Runtime,
    version: str,
    folder: Path,
    strategy: str | None,
    *,
    commit: str | None = None,
    environment: str | None = None,
) -> Surroundings:
    """Ask git for the change since the version that would come back, and aqe.yaml for whom to tell.

    Args:
        folder: in the clone of the release.
        strategy: how it is brought out; None = nobody said.
        commit, environment: where the release's own record does not say, or says otherwise.
    """
    way = Strategy(strategy) if strategy else None
    given = {name: value for name, value in (("commit", commit), ("environment", environment)) if value}
    release = (await stored_release(runtime, version)).model_copy(update=given)
    notices = tuple(_notices(runtime.settings, release.environment))
    head = _commit(folder, release.commit, version)
    known = Surroundings(notices=notices, strategy=way, rollout=await _rollout(runtime, release, way))
    if head is None:
        return known.model_copy(update={"problem": f"the commit of {version} is in no git clone here"})
    base = next(filter(None, (_commit(folder, *names) for names in await _bases(runtime, release, folder, head))), None)
    if base is None:
        return known.model_copy(update={"problem": f"no earlier version than {version} is in this git clone"})
    changed = _names(folder, "diff", "--name-only", "-z", "--diff-filter=AMR", base, head, "--")
    found = [path for path in changed if is_migration(path)][:MAX_MIGRATIONS]
    texts = {path: (ask_git(folder, "show", f"{head}:{path}") or "")[: MAX_TEXT + 1] or None for path in found}
    there = _names(folder, "ls-tree", "-r", "--name-only", "-z", head)
    return known.model_copy(update={"migrations": migrations_in(texts, there), "change": f"{base:.12}..{head:.12}"})


async def _rollout(runtime: Runtime, release: Release, way: Strategy | None) -> PlannedRollout | None:
    """As `aqe deploy execute` would plan it; None where it would not start, for it says why."""
    from ...core.records.rollouts.rollout import Strategy as HowTrafficMoves
    from ..rollouts.defaults import with_setup
    from ..rollouts.parts import Wanted, plan, unmeasured

    target = runtime.settings.targets.get(release.environment)
    if target is None or target.rollout is None:
        return None
    wanted = Wanted(HowTrafficMoves(way)) if way else Wanted()
    wanted = await with_setup(runtime, wanted, version=release.version, environment=release.environment)
    try:
        made = plan(target.rollout, release, None, wanted, runtime.clock.now())
    except InputError:
        return None
    unwatched = unmeasured(target.rollout, made)
    return PlannedRollout(
        executor=target.rollout.executor.kind,
        stages=tuple(stage.percent for stage in made.stages),
        stage_s=made.stages[0].duration_s,
        watch_s=made.watch_s,
        triggers={
            one.metric: RolloutTrigger(
                above=None if one.below else one.limit,
                below=one.limit if one.below else None,
                for_s=one.for_s,
                counters=one.counters,
            )
            for one in made.triggers
            if one.metric not in unwatched
        },
    )


async def _bases(runtime: Runtime, release: Release, folder: Path, head: str) -> list[tuple[str | None, ...]]:
    """What the change may be counted from: the last success in the environment, else the tag before."""
    try:
        past = read_history(await runtime.memory.retrieve(HISTORY_KEY) or ())
    except InputError:
        past = ()
    successes = [
        d
        for d in sorted(past, key=lambda d: d.deployed_at, reverse=True)
        if d.outcome == "success" and d.environment == release.environment and d.version != release.version
    ]
    bases: list[tuple[str | None, ...]] = [(d.commit, d.version) for d in successes[:1]]
    return [*bases, (ask_git(folder, "describe", "--tags", "--abbrev=0", f"{head}^"),)]


def _commit(folder: Path, *names: str | None) -> str | None:
    """The hash of the first of these that is a commit or a tag here."""
    # A version or hash from elsewhere never begins like an option.
    known = (ask_git(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") for name in names if name)
    return next(filter(None, known), None)


def _names(folder: Path, *arguments: str) -> list[str]:
    return [name for name in (ask_git(folder, *arguments) or "").split("\0") if name]


def _notices(settings: Settings, environment: str) -> Iterator[Notice]:
    target = settings.targets.get(environment)
    for name, heard in (target.rollout.tell if target and target.rollout else {}).items():
        kind = settings.notify[name].kind if name in settings.notify else "no such channel in notify"
        yield Notice(who=name, channel=kind, when=f"of the rollout: {', '.join(heard)}")
    for name, channel in settings.notify.items():
        if any(compile_glob(glob).fullmatch(ROLLED_BACK) for glob in channel.events):
            yield Notice(who=name, channel=channel.kind, when="the rollback begins, and when it is done")
    for role, person in settings.on_call.model_dump(exclude_none=True).items():
        when = "if it does not help" if role == "escalation" else "the rollback begins"
        yield Notice(
            who=f"{role} on call: {person.get('name') or person['contact']}", channel=person["contact"], when=when
        )

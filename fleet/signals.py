"""Signals and releases as people ask for them; and which release it is that they mean."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from ..agents.deployment_readiness.inputs import StoredSignal, mirror_key, read_inputs, signal_key
from ..core.errors import InputError, NotFoundError
from ..core.records.base import Record
from ..core.records.release import (
    DEFAULT_ENVIRONMENT,
    REGION_NAME,
    Release,
    check_commit,
    check_environment,
    check_version,
)
from ..core.records.signals import SIGNAL_METRICS, MetricValue, Signal, SignalKind
from ..core.registry import did_you_mean
from ..memory.readable import readable
from .repository.git import ask_git
from .runtime import Runtime


@dataclass(frozen=True)
class FoundRelease:
    """A release and where its parts come from, None for what was given."""

    release: Release
    version_from: str | None
    commit_from: str | None


async def find_release(
    runtime: Runtime, *, version: str | None, commit: str | None, environment: str | None, folder: Path
) -> FoundRelease | None:
    """The release that is meant.

    The version as given, else `git describe`. The commit as given, else that of the tag, else HEAD, else what is
    stored for the version. The environment as given, else what is stored.

    Args:
        folder: asked for a git clone.

    Returns:
        None when no version is given and the folder is in no clone.

    Raises:
        InputError: something given that cannot be a version or a commit.
    """
    version_from = commit_from = None
    if version is None:
        described = ask_git(folder, "describe", "--tags", "--always", "--dirty")
        if described is None:
            return None
        # Tags may have slashes, keys' parts may not.
        version, version_from = described.replace("/", "-"), "git describe"
    stored = await stored_release(runtime, version)
    if commit is None:
        tag = (
            None
            if version_from
            else ask_git(folder, "rev-parse", "--verify", "--quiet", f"refs/tags/{version}^{{commit}}")
        )
        candidates = (
            (tag, f"tag {version}"),
            (ask_git(folder, "rev-parse", "--verify", "--quiet", "HEAD"), "HEAD of this git clone"),
            (stored.commit, f"stored for {version}"),
        )
        commit, commit_from = next(((c, origin) for c, origin in candidates if c), (None, None))
    else:
        check_commit(commit)
    if environment is not None:
        check_environment(environment)
    release = stored.model_copy(update={"commit": commit, "environment": environment or stored.environment})
    return FoundRelease(release, version_from, commit_from)


def check_region(name: str) -> str:
    """The region's name, when it can be one; it becomes part of keys."""
    if not re.fullmatch(REGION_NAME, name):
        raise InputError(f"{name!r} cannot be a region", hint="letters, digits and _ -, such as us-east-1")
    return name


def check_kind(name: str) -> SignalKind:
    """The signal kind of this name.

    Raises:
        InputError: no such kind; names the nearest one.
    """
    known = [kind.value for kind in SignalKind]
    if name not in known:
        raise InputError(f"unknown signal kind {name!r}{did_you_mean(name, known)}", hint=f"known: {', '.join(known)}")
    return SignalKind(name)


async def stored_release(runtime: Runtime, version: str) -> Release:
    """What is stored about a release; a bare one where nothing is; InputError for what can be no version."""
    key = f"aqe/releases/{check_version(version)}/release"
    value = await runtime.memory.retrieve(key)
    return Release.from_value(value, where=key) if value else Release(version=version, environment=DEFAULT_ENVIRONMENT)


async def check_assessed(runtime: Runtime, version: str) -> None:
    """Raises NotFoundError when there is no decision about the release."""
    if await runtime.memory.retrieve(f"aqe/releases/{check_version(version)}/decision") is None:
        raise NotFoundError(f"{version} has not been assessed", hint=f"aqe deploy assess --version {version}")


# Signals -------------------------------------------------------------------------------------------------------------


async def list_signals(runtime: Runtime, version: str | None) -> list[StoredSignal]:
    """The signals of a release, or the latest of every kind; what cannot be read is listed with its reason."""
    keys = f"aqe/releases/{check_version(version)}/signals/*" if version is not None else "aqe/quality-signals/*"
    values = await runtime.memory.retrieve_pattern(keys)
    # Reading is the agent's: what is listed here is what it judges by.
    signals = read_inputs(Release(version=version or "latest"), values, None, runtime.clock.now()).signals
    return [stored for found in signals.values() for stored in found]


async def show_signal(runtime: Runtime, kind: SignalKind, version: str | None) -> Signal:
    """One signal.

    Raises:
        NotFoundError: there is none.
        InputError: what is stored is no signal.
    """
    key = signal_key(check_version(version), kind) if version is not None else mirror_key(kind)
    value = await runtime.memory.retrieve(key)
    if value is None:
        raise NotFoundError(f"no {kind} signal at {key}", hint="`aqe signal list` shows what there is")
    return Signal.from_value(value, where=key)


class _Measurement(Record):
    """The short form of a signal."""

    metrics: dict[str, MetricValue] = Field(min_length=1)
    tool: str = Field(min_length=1)
    measured_at: AwareDatetime | None = None


def read_signal(value: Any, kind: SignalKind, release: Release | None, *, where: str, now: datetime) -> Signal:
    """A signal out of what somebody wrote: a whole one, or `{"metrics", "tool", "measuredAt"}`.

    Args:
        release: what a short one is about; None = a whole one is expected.
        where: file name, for errors.
        now: when a short one was measured that does not say.

    Raises:
        InputError: names the first thing that does not fit; a metric must have exactly its type.
    """
    if not isinstance(value, dict):
        raise InputError(
            f"{where}: expected a JSON object", hint='{"metrics": {...}, "tool": "...", "measuredAt": "..."}'
        )
    if value.get("kind", kind) != kind:
        raise InputError(f"{where}: it is a {value['kind']} signal, not {kind}")
    _check_metrics(value.get("metrics"), kind, where)
    if release is not None:
        short = _Measurement.from_value({k: v for k, v in value.items() if k != "kind"}, where=where)
        at = short.measured_at or now
        return Signal(kind=kind, release=release, measured_at=at, tool=short.tool, metrics=short.metrics)
    signal = Signal.from_value(value, where=where)
    check_version(signal.release.version)
    if signal.measured_at.tzinfo is None:
        raise InputError(f"{where}: measuredAt has no time zone", hint="write UTC as 2026-01-10T12:00:00Z")
    return signal


def _check_metrics(metrics: object, kind: SignalKind, where: str) -> None:
    """More than the model does: every value must have exactly its type, and what is not measured is left out."""
    model = SIGNAL_METRICS[kind]
    names = [to_camel(name) for name in model.model_fields]
    hint = f"known for {kind}: {', '.join(names)}"
    if not isinstance(metrics, dict) or not metrics:
        raise InputError(f"{where}: no metrics", hint=hint)
    for name, value in metrics.items():
        if name not in names and name not in model.model_fields:
            raise InputError(f"{where}: {kind} has no metric {name!r}{did_you_mean(name, names)}", hint=hint)
        if value is None:
            raise InputError(f"{where}: metrics.{name} is null", hint="leave out what was not measured")
    try:
        model.model_validate(metrics, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(map(str, first["loc"]))
        raise InputError(f"{where}: metrics.{at} is {first['input']!r:.80}: {first['msg']}") from error


# Releases ------------------------------------------------------------------------------------------------------------


class ReleaseView(Record):
    """A release with what is known of it."""

    release: Release
    signals: tuple[str, ...]
    """Kinds."""
    decision: str | None
    """Latest decision; None = not assessed."""
    assessed_at: datetime | None


class _Verdict(Record):
    """What is shown of a decision."""

    model_config = ConfigDict(extra="ignore")
    decision: str | None = None
    assessed_at: datetime | None = None


async def list_releases(runtime: Runtime, version: str | None = None) -> list[ReleaseView]:
    """All releases, last touched first; or the one.

    Raises:
        NotFoundError: there is no such release.
    """
    which = check_version(version) if version is not None else "*"
    releases = await readable(runtime.memory, f"aqe/releases/{which}/release", Release)
    decisions = await readable(runtime.memory, f"aqe/releases/{which}/decision", _Verdict)
    signals = await runtime.memory.keys(f"aqe/releases/{which}/signals/*")
    if version is not None and not releases:
        raise NotFoundError(f"no release {version!r}", hint="`aqe release list` shows the known ones")
    views = [_view(key, release, decisions, signals) for key, release in releases.items()]
    return sorted(views, key=lambda view: str(view.release.updated_at), reverse=True)


def _view(key: str, release: Release, decisions: Mapping[str, _Verdict], signals: Sequence[str]) -> ReleaseView:
    base = key.removesuffix("release")
    verdict = decisions.get(f"{base}decision", _Verdict())
    return ReleaseView(
        release=release,
        signals=tuple(name.removeprefix(f"{base}signals/") for name in signals if name.startswith(f"{base}signals/")),
        decision=verdict.decision,
        assessed_at=verdict.assessed_at,
    )

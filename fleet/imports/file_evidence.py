"""Files that aqe.yaml names as evidence: read, checked, stored as parts of the operations signal."""

import io
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ...agents.deployment_readiness.file_checks import (
    FileCheck,
    has_sections,
    migrations_pass,
    names_version,
    same_interface,
)
from ...config.settings import Settings
from ...connectors.formats.quality.junit import JunitXml
from ...core.errors import InputError
from ...core.records.release import Release, same_commit
from ...core.records.signals import Outcome, SignalKind, SignalPart
from ..repository.changes import collect_changes
from ..repository.git import ask_git
from ..runtime import Runtime
from ..signals import find_release
from .ingest import put_part

MAX_BYTES = 10_000_000
TOOL = "aqe checklist"


class _Named(NamedTuple):
    """A file that answers a metric of the operations signal.

    Args:
        metric: what it answers.
        paths: to be read; the first is the one that evidence names.
        check: of their bytes.
    """

    metric: str
    paths: tuple[Path, ...]
    check: Callable[..., FileCheck]


async def collect_evidence(runtime: Runtime, payload: dict[str, Any], folder: Path) -> list[str]:
    """Look at the files and store what they say, and what git says of the changes.

    Args:
        runtime: the open parts.
        payload: of the checklist's task: version, commit, environment.
        folder: where the command runs, asked for a git clone.

    Returns:
        Remarks for people: what was found in which file.
    """
    given = {name: payload.get(name) for name in ("version", "commit", "environment")}
    found = await find_release(runtime, **given, folder=folder)
    assert found is not None
    release = found.release
    head = ask_git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    if head and release.commit and not same_commit(head, release.commit):
        return [f"the files here are those of {head:.12}, {release.version} is {release.commit:.12}: not looked at"]
    await collect_changes(runtime, release, folder)
    return [await _stored(runtime, release, named) for named in _named(runtime.settings, release.version)]


def _named(settings: Settings, version: str) -> Iterator[_Named]:
    """What aqe.yaml names, and the changelog where it usually lies."""
    files, root = settings.checklist, settings.project_root
    changelog = files.changelog or root / "CHANGELOG.md"
    if files.changelog or changelog.is_file():
        yield _Named("changelog_updated", (changelog,), lambda data: names_version(_text(data), version))
    if files.runbook:
        runbook = root / files.runbook.replace("{version}", version)
        sections = files.runbook_sections
        yield _Named("rollback_plan_documented", (runbook,), lambda data: has_sections(_text(data), sections))
    if files.openapi_documented and files.openapi_generated:
        pair = (files.openapi_documented, files.openapi_generated)
        yield _Named("api_docs_current", pair, lambda *both: same_interface(*map(_document, both)))
    if files.migrations:
        yield _Named("migrations_tested", (files.migrations,), _migrations)


async def _stored(runtime: Runtime, release: Release, named: _Named) -> str:
    path = named.paths[0]
    root = runtime.settings.project_root
    file = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    part = SignalPart(tool=TOOL, file=file, outcome=Outcome.VALUE)
    try:
        contents = [_read(p) for p in named.paths]
        holds, detail = named.check(*contents)
        digest = sha256(contents[0]).hexdigest()
        part = part.model_copy(update={"sha256": digest, "metrics": {named.metric: holds}})
    except FileNotFoundError as error:
        # A file that was promised and is not there is an answer.
        detail = f"{Path(error.filename).name} does not exist"
        part = part.model_copy(update={"metrics": {named.metric: False}})
    except (InputError, OSError) as error:
        detail = str(error)
        part = part.model_copy(update={"outcome": Outcome.UNREADABLE, "reason": detail})
    await put_part(runtime, release, SignalKind.OPERATIONS, f"{named.metric}:{file}", part)
    return f"{file}: {detail}"


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError(f"{path} is over {MAX_BYTES:,} bytes")
    return data


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", errors="replace")


def _document(data: bytes) -> object:
    """JSON is YAML."""
    try:
        return yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"neither JSON nor YAML: {error}") from error


def _migrations(data: bytes) -> FileCheck:
    parsed = JunitXml().parse(io.BytesIO(data))
    counts = {name: value for _, part in parsed.signals for name, value in part.metrics.items()}
    if parsed.outcome not in (Outcome.VALUE, Outcome.CLEAN):
        raise InputError(parsed.reason or f"the test run is {parsed.outcome}")
    return migrations_pass(_text(data), counts)

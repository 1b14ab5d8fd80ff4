"""What a release changes, asked of git: commits since the previous tag, by the kind of change."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from ...analysis.redaction.redactor import Redactor
from ...analysis.texts.conventional_commits import parse_commit
from ...connectors.formats.quality.git_log import diff_size
from ...core.records.decisions.changes import MAX_LISTED, Change, ChangeKind, ReleaseChanges
from ...core.records.release import Release
from ..imports.redaction import redaction_key
from ..runtime import Runtime
from .git import ask_git

MAX_CHARACTERS = 200
"""Of a subject that is kept."""
_KINDS: dict[str, ChangeKind] = {"feat": "feature", "fix": "fix", "perf": "performance"}


async def collect_changes(runtime: Runtime, release: Release, folder: Path) -> ReleaseChanges | None:
    """Ask the git clone around a folder and store the answer at `aqe/releases/<version>/changes`.

    Returns:
        None when the release's commit is not known, or is not in a clone here; what is stored then stays.
    """
    key = f"aqe/releases/{release.version}/changes"
    commit = release.commit and ask_git(folder, "rev-parse", "--verify", "--quiet", f"{release.commit}^{{commit}}")
    if not commit:
        return None
    previous = ask_git(folder, "describe", "--tags", "--abbrev=0", f"{commit}^")
    # Without an earlier tag everything is new.
    base = previous or ask_git(folder, "hash-object", "-t", "tree", os.devnull) or ""
    reach = f"{previous}..{commit}" if previous else commit
    log = ask_git(folder, "log", "-z", "--no-merges", "--format=%H%x00%s%x00%b", reach, "--") or ""
    numbers = ask_git(folder, "diff", "--numstat", "--find-renames", base, commit, "--") or ""
    changes = list(_changes(log, Redactor(redaction_key(runtime.settings))))
    record = _counted(release.version, commit, previous, changes, numbers, runtime.clock.now())
    await runtime.memory.store(key, record)
    return record


def _changes(log: str, redactor: Redactor) -> Iterator[Change]:
    fields = log.split("\0")
    for commit, subject, body in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        found = parse_commit(subject, body)
        words = redactor.text(found.subject if found else subject)[:MAX_CHARACTERS]
        if found is None:
            yield Change(commit=commit, kind="unconventional", subject=words)
        else:
            kind = _KINDS.get(found.type, "other")
            yield Change(commit=commit, kind=kind, breaking=found.breaking, scope=found.scope, subject=words)


def _counted(
    version: str, commit: str, previous: str | None, changes: Sequence[Change], numbers: str, now: datetime
) -> ReleaseChanges:
    size = diff_size(numbers)

    def of(kind: ChangeKind) -> int:
        return sum(change.kind == kind for change in changes)

    return ReleaseChanges(
        version=version,
        commit=commit,
        previous=previous,
        commits=len(changes),
        features=of("feature"),
        fixes=of("fix"),
        performance=of("performance"),
        other=of("other"),
        unconventional=of("unconventional"),
        breaking=sum(change.breaking for change in changes),
        files_changed=size.files,
        lines_added=size.added,
        lines_deleted=size.deleted,
        changes=tuple(changes[:MAX_LISTED]),
        collected_at=now,
    )

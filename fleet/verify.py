"""Generated tests against a service, or against a broken and a fixed one; what they cover is kept."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ..core.errors import InputError
from ..core.records.feedback import FEEDBACK_KEY, LoopPlan, LoopState
from ..core.records.findings import Insight
from ..core.records.verification import Colour, Coverage, FileRun, Verification, VerifiedFile
from .generated_runners import DEFAULT_TIMEOUT_S, RUNNERS, run_file
from .runtime import Runtime

_FINDING = re.compile(r"finding[\s/#*]+([\w.-]+),")
"""As generated files name the finding; the line may be broken before the id."""
_HEAD = 4_000
MAX_COVERED = 1_000
_INSIGHTS = "aqe/production/insights"


async def verify(
    folder: Path,
    *,
    target: str | None,
    broken: str | None,
    fixed: str | None,
    now: datetime,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    said: Callable[[str], None] = print,
) -> Verification:
    """Run every generated file of a folder.

    Args:
        target, broken, fixed: base URLs; at least one.
        now: aware UTC.
        timeout_s: for one file against one service.
        said: called with a line about each file.

    Raises:
        InputError: there is no folder, or no test in it.
    """
    names = sorted(p for p in folder.rglob("*") if p.is_file() and any(r.takes(p.name) for r in RUNNERS))
    if not names:
        raise InputError(
            f"{folder} has no tests that can be run here", hint="aqe production recording-to-tests --output DIR"
        )
    services = {"target": target, "broken": broken, "fixed": fixed}
    files = []
    for path in names:
        runs = {n: await run_file(path.resolve(), url, timeout_s=timeout_s) for n, url in services.items() if url}
        file = VerifiedFile(path=str(path.relative_to(folder)), finding=_finding(path), **runs)
        said(f"{file.path}: " + ", ".join(f"{run.colour} on {name}" for name, run in runs.items()))
        files.append(file)
    covered = [
        Coverage(finding=file.finding, file=file.path, verified_at=now)
        for file in files
        if file.covers and file.finding
    ]
    return Verification(files=tuple(files), covered=tuple(covered), ok=all(map(_as_wanted, files)))


async def keep(runtime: Runtime, found: Verification) -> None:
    """Write what is covered into the feedback loop's state and the insights; of two writers one is told to repeat.

    Raises:
        ConflictError: somebody wrote meanwhile.
    """
    if not found.covered:
        return
    memory = runtime.memory
    record = await memory.retrieve_record(FEEDBACK_KEY)
    new = LoopState(plan=LoopPlan(interval_s=3600, analyses=(), days=7), updated_at=runtime.clock.now())
    state = LoopState.from_value(record.value, where=FEEDBACK_KEY) if record else new
    fresh = {one.finding for one in found.covered}
    covered = (*(one for one in state.covered if one.finding not in fresh), *found.covered)[-MAX_COVERED:]
    writes = [
        memory.prepare_store(
            "aqe/production/feedback-loop",
            state.model_copy(update={"covered": covered}),
            expected_version=record.version if record else 0,
        )
    ]
    insights = await memory.retrieve_record("aqe/production/insights")
    if insights:
        told = [_with_coverage(Insight.from_value(v, where=_INSIGHTS), found) for v in insights.value]
        writes.append(memory.prepare_store("aqe/production/insights", told, expected_version=insights.version))
    await memory.apply(writes)


def _with_coverage(insight: Insight, found: Verification) -> Insight:
    files = [one.file for one in found.covered if one.finding in (insight.id, *insight.evidence)]
    return insight.model_copy(update={"covered_by": tuple(dict.fromkeys((*insight.covered_by, *files)))})


def _finding(path: Path) -> str | None:
    found = _FINDING.search(path.read_text(encoding="utf-8", errors="replace")[:_HEAD])
    return found[1] if found else None


def _as_wanted(file: VerifiedFile) -> bool:
    def is_(run: FileRun | None, colour: Colour) -> bool:
        return run is None or run.colour is colour

    return is_(file.target, Colour.GREEN) and is_(file.fixed, Colour.GREEN) and is_(file.broken, Colour.RED)

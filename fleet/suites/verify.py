"""Generated tests against a service, or against a broken and a fixed one; what they cover is kept."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from ...core.errors import InputError
from ...core.records.production.feedback import FEEDBACK_KEY, LoopPlan, LoopState
from ...core.records.production.verification import Colour, Coverage, FileRun, Verification, VerifiedFile
from ..runtime import Runtime
from .generated_runners import DEFAULT_TIMEOUT_S, Runner, run_file, runner_of

_FINDING = re.compile(r"finding[\s/#*]+([\w.-]+),")
"""As generated files name the finding; the line may be broken before the id."""
_HEAD = 4_000
MAX_COVERED = 1_000
_OFFERED = ("aqe/production/test-scenarios", "aqe/test-scenarios/production-derived", "aqe/test-requirements")


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
    tests = _tests(folder)
    if not tests:
        raise InputError(f"{folder} has no tests", hint="aqe production recording-to-tests --output DIR")
    services = {"target": target, "broken": broken, "fixed": fixed}
    files = []
    for path, runner in tests:
        runs = {
            name: await run_file(runner, path.resolve(), url, timeout_s=timeout_s)
            for name, url in services.items()
            if url
        }
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
    """Write what is covered into the feedback loop's state, the insights and the scenarios that test generators read.

    What was verified again and does not cover its finding any more is taken out. Of two writers one is told to repeat.

    Raises:
        ConflictError: somebody wrote meanwhile.
    """
    judged = {(file.finding, file.path) for file in found.files if file.finding and file.broken and file.fixed}
    if not judged:
        return
    memory = runtime.memory
    record = await memory.retrieve_record(FEEDBACK_KEY)
    new = LoopState(plan=LoopPlan(interval_s=3600, analyses=(), days=7), updated_at=runtime.clock.now())
    state = LoopState.from_value(record.value, where=FEEDBACK_KEY) if record else new
    others = (one for one in state.covered if (one.finding, one.file) not in judged)
    covered = (*others, *found.covered)[-MAX_COVERED:]
    writes = [
        memory.prepare_store(
            "aqe/production/feedback-loop",
            state.model_copy(update={"covered": covered}),
            expected_version=record.version if record else 0,
        )
    ]
    if insights := await memory.retrieve_record("aqe/production/insights"):
        told = [_marked(value, covered) for value in insights.value]
        writes.append(memory.prepare_store("aqe/production/insights", told, expected_version=insights.version))
    for key in _OFFERED:
        if offered := await memory.retrieve_record(key):
            tests = [_marked(value, covered) for value in offered.value]
            writes.append(memory.prepare_store(key, tests, expected_version=offered.version))
    await memory.apply(writes)


def _tests(folder: Path) -> list[tuple[Path, Runner]]:
    """Tests below the folder, with what runs them; those of installed packages are not ours."""
    paths = (p for p in sorted(folder.rglob("*")) if p.is_file() and "node_modules" not in p.relative_to(folder).parts)
    return [(path, runner) for path in paths if (runner := runner_of(path))]


def _marked(value: Any, covered: Iterable[Coverage]) -> Any:
    """An insight or a scenario as it is stored, with the files that cover it; other people's forms stay as they are."""
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        return value
    evidence, provenance = value.get("evidence"), value.get("provenance")
    known = [value["id"], *(evidence if isinstance(evidence, list) else ())]
    known += [provenance.get("findingId")] if isinstance(provenance, dict) else []
    files = list(dict.fromkeys(one.file for one in covered if one.finding in known))
    return {**value, "coveredBy": files} if files or "coveredBy" in value else value


def _finding(path: Path) -> str | None:
    found = _FINDING.search(path.read_text(encoding="utf-8", errors="replace")[:_HEAD])
    return found[1] if found else None


def _as_wanted(file: VerifiedFile) -> bool:
    def is_(run: FileRun | None, colour: Colour) -> bool:
        return run is None or run.colour in (colour, Colour.SKIPPED)

    return is_(file.target, Colour.GREEN) and is_(file.fixed, Colour.GREEN) and is_(file.broken, Colour.RED)

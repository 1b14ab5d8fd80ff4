"""The verification manager: checks before and after work that really check.

Every check that cannot be made fails with its reason; an unknown requirement is an error, not a pass. The result lists
each check with its verdict, so that the one that failed has a name.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import InputError, TaskVetoed
from ..core.ports import MemoryReader
from ..core.records.base import Record
from ..core.records.tasks import TaskAssignment
from ..core.registry import did_you_mean
from .base import LifecycleHook


class VerificationContext(Record):
    """What a task needs before it may start; everything optional."""

    required_vars: tuple[str, ...] = ()
    """Environment variables that must be set and not empty."""
    required_keys: tuple[str, ...] = ()
    """Memory keys that must hold a value."""
    min_memory_mb: float | None = None
    """Free memory of the machine, MB (10^6 bytes)."""
    min_cpu_cores: int | None = None
    min_disk_space_mb: float | None = None
    """Free disk space at `check_path`, MB."""
    check_path: str = "."
    max_load_average: float | None = None
    """One-minute load average."""
    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()


class Check(Record):
    """One check."""

    name: str
    passed: bool
    detail: str


class VerificationResult(Record):
    """All checks; `passed` only when every one did."""

    task: str
    passed: bool
    checks: tuple[Check, ...]

    @property
    def failures(self) -> str:
        """What failed, in one line."""
        return "; ".join(f"{check.name}: {check.detail}" for check in self.checks if not check.passed)


class VerificationHookManager:
    """Runs verifications.

    Args:
        memory: where required keys are looked up.
        environment: where required variables are looked up; the process's own is handed in by the composition root.
    """

    def __init__(self, memory: MemoryReader, environment: Mapping[str, str]) -> None:
        self._memory = memory
        self._environment = environment

    async def execute_pre_task_verification(
        self, task: str, context: VerificationContext | Mapping[str, Any]
    ) -> VerificationResult:
        """Check what a task needs.

        Args:
            task: its name, for the result.
            context: the needs; a mapping may use the specification's camelCase names.

        Raises:
            InputError: a requirement nobody knows: it would otherwise pass unchecked.
        """
        needs = context if isinstance(context, VerificationContext) else _context(context)
        checks = [*self._variables(needs), *await self._keys(needs), *_machine(needs), *_paths(needs)]
        return VerificationResult(task=task, passed=all(check.passed for check in checks), checks=tuple(checks))

    async def execute_post_task_validation(
        self,
        task: str,
        result: Mapping[str, Any],
        required_fields: tuple[str, ...],
        required_keys: tuple[str, ...] = (),
    ) -> VerificationResult:
        """Check what a task left behind: fields of its result, and keys that must be in memory now."""
        checks = [
            Check(
                name=f"result.{field}",
                passed=result.get(field) is not None,
                detail="present" if result.get(field) is not None else "missing in the result",
            )
            for field in required_fields
        ]
        checks += await self._keys(VerificationContext(required_keys=required_keys))
        if not checks:
            checks = [Check(name="requirements", passed=False, detail="none given, so nothing was validated")]
        return VerificationResult(task=task, passed=all(check.passed for check in checks), checks=tuple(checks))

    def execute_pre_edit_verification(self, file: str, root: str) -> VerificationResult:
        """Check that a file may be written: inside `root` after links are followed, its folder there and writable."""
        path, base = Path(file).resolve(), Path(root).resolve()
        folder = path.parent
        checks = (
            Check(name="inside", passed=path.is_relative_to(base), detail=f"{path} in {base}"),
            Check(name="folder", passed=folder.is_dir() and os.access(folder, os.W_OK), detail=f"{folder} is writable"),
            Check(name="not a folder", passed=not path.is_dir(), detail=str(path)),
        )
        return VerificationResult(task=f"edit {file}", passed=all(check.passed for check in checks), checks=checks)

    def execute_post_edit_verification(self, file: str, expected_sha256: str) -> VerificationResult:
        """Check that a file on disk is what was meant to be written."""

        path = Path(file)
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
        check = Check(name="content", passed=found == expected_sha256, detail=f"{found}, expected {expected_sha256}")
        return VerificationResult(task=f"edited {file}", passed=check.passed, checks=(check,))

    async def execute_session_end_verification(self, unfinished: tuple[str, ...]) -> VerificationResult:
        """Check that a session leaves nothing behind.

        Args:
            unfinished: ids of tasks it submitted that are not final.
        """
        checks = tuple(Check(name=f"task {task}", passed=False, detail="not finished") for task in unfinished)
        return VerificationResult(task="session end", passed=not checks, checks=checks)

    def _variables(self, needs: VerificationContext) -> list[Check]:
        return [
            Check(
                name=f"variable {name}",
                passed=bool(self._environment.get(name)),
                detail="set" if self._environment.get(name) else "not set in the environment",
            )
            for name in needs.required_vars
        ]

    async def _keys(self, needs: VerificationContext) -> list[Check]:
        checks = []
        for key in needs.required_keys:
            there = await self._memory.retrieve(key) is not None
            checks.append(Check(name=f"key {key}", passed=there, detail="present" if there else "no value in memory"))
        return checks


class VerifyBeforeTask(LifecycleHook):
    """Vetoes tasks whose payload names requirements (`verification`) that are not met."""

    def __init__(self, manager: VerificationHookManager) -> None:
        self._manager = manager

    async def on_pre_task(self, task: TaskAssignment) -> None:
        """Check `payload["verification"]`, when there is one."""
        needs = task.payload.get("verification")
        if needs is None:
            return
        try:
            result = await self._manager.execute_pre_task_verification(task.type, needs)
        except Exception as error:  # any other error of a hook would let the task go on, unverified
            raise TaskVetoed(f"{task.type} may not start: its verification could not be made: {error}") from error
        if not result.passed:
            raise TaskVetoed(f"{task.type} may not start: {result.failures}")


def _context(needs: Mapping[str, Any]) -> VerificationContext:
    known = {field.alias or name for name, field in VerificationContext.model_fields.items()}
    for name in needs:
        if name not in known and name not in VerificationContext.model_fields and name not in _SPECIFIED:
            raise InputError(f"unknown requirement {name!r}{did_you_mean(name, known)}", hint=f"known: {sorted(known)}")
    return VerificationContext.from_value({_SPECIFIED.get(k, k): v for k, v in needs.items()}, where="verification")


_SPECIFIED = {"minMemoryMB": "min_memory_mb", "minCPUCores": "min_cpu_cores", "minDiskSpaceMB": "min_disk_space_mb"}
"""The specification's spelling where it is not what the alias generator makes."""


def _machine(needs: VerificationContext) -> list[Check]:
    checks = []
    if needs.min_memory_mb is not None:
        checks.append(_at_least("memory", _available_memory_mb(), needs.min_memory_mb, "MB available"))
    if needs.min_cpu_cores is not None:
        checks.append(_at_least("cpu", os.cpu_count() or 0, needs.min_cpu_cores, "cores"))
    if needs.min_disk_space_mb is not None:
        checks.append(_at_least("disk", _free_disk_mb(needs.check_path), needs.min_disk_space_mb, "MB free"))
    if needs.max_load_average is not None:
        load = os.getloadavg()[0]
        passed = load <= needs.max_load_average
        checks.append(Check(name="load", passed=passed, detail=f"{load:.2f}, at most {needs.max_load_average}"))
    return checks


def _at_least(name: str, found: float, wanted: float, unit: str) -> Check:
    return Check(name=name, passed=found >= wanted, detail=f"{found:.0f} {unit}, at least {wanted:g} needed")


def _available_memory_mb() -> float:
    # MemAvailable counts the page cache that can be given back; free pages alone would say "full" on any busy machine.
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6


def _free_disk_mb(path: str) -> float:
    try:
        return shutil.disk_usage(path).free / 1e6
    except OSError:
        return 0.0


def _paths(needs: VerificationContext) -> list[Check]:
    checks = [
        Check(
            name=f"file {name}", passed=Path(name).is_file(), detail="there" if Path(name).is_file() else "no such file"
        )
        for name in needs.files
    ]
    return checks + [
        Check(
            name=f"folder {name}",
            passed=Path(name).is_dir(),
            detail="there" if Path(name).is_dir() else "no such folder",
        )
        for name in needs.directories
    ]

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aqe.core.errors import InputError, TaskVetoed
from aqe.core.records.tasks import TaskAssignment
from aqe.hooks.manager import HookManager
from aqe.hooks.verification import VerificationContext, VerificationHookManager, VerificationResult, VerifyBeforeTask

KEY = "aqe/quality-signals/security"


class Memory:
    """The reading side of a store that holds one falsy value."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def retrieve(self, key: str) -> Any:
        if self.error:
            raise self.error
        return {KEY: {}}.get(key)

    async def retrieve_pattern(self, glob: str) -> dict[str, Any]:
        raise NotImplementedError

    async def keys(self, glob: str) -> list[str]:
        raise NotImplementedError


@pytest.fixture
def manager() -> VerificationHookManager:
    return VerificationHookManager(Memory(), {"HOME": "/root", "EMPTY": ""})


def failed(result: VerificationResult) -> list[str]:
    assert result.passed == all(check.passed for check in result.checks)
    return [check.name for check in result.checks if not check.passed]


PASSING: dict[str, dict[str, Any]] = {
    "variable": {"required_vars": ["HOME"]},
    "key": {"required_keys": [KEY]},
    "memory": {"min_memory_mb": 1},
    "cpu": {"min_cpu_cores": 1},
    "disk": {"min_disk_space_mb": 1},
    "load": {"max_load_average": 1e6},
    "file": {"files": [__file__]},
    "folder": {"directories": [str(Path(__file__).parent)]},
}
FAILING: dict[str, tuple[dict[str, Any], str]] = {
    "variable": ({"required_vars": ["HOME", "NO_SUCH_VARIABLE"]}, "variable NO_SUCH_VARIABLE"),
    "empty variable": ({"required_vars": ["EMPTY"]}, "variable EMPTY"),
    "key": ({"required_keys": [KEY, "aqe/deployment/history"]}, "key aqe/deployment/history"),
    "memory": ({"min_memory_mb": 1e12}, "memory"),
    "cpu": ({"min_cpu_cores": 100_000}, "cpu"),
    "disk": ({"min_disk_space_mb": 1e15}, "disk"),
    "disk of a folder that is not there": ({"min_disk_space_mb": 1, "check_path": "/no/such"}, "disk"),
    "load": ({"max_load_average": -1}, "load"),
    "file": ({"files": ["/no/such/file"]}, "file /no/such/file"),
    "a folder is no file": ({"files": ["/tmp"]}, "file /tmp"),
    "folder": ({"directories": ["/no/such"]}, "folder /no/such"),
    "a file is no folder": ({"directories": [__file__]}, f"folder {__file__}"),
}


@pytest.mark.parametrize("needs", PASSING.values(), ids=PASSING)
async def test_a_need_that_is_met_passes(manager: VerificationHookManager, needs: dict[str, Any]) -> None:
    """Each kind of check really looks, and says what it found."""
    result = await manager.execute_pre_task_verification("assess", needs)
    assert result.passed and len(result.checks) == 1
    assert result.failures == ""
    assert result.checks[0].detail


@pytest.mark.parametrize(("needs", "name"), FAILING.values(), ids=FAILING)
async def test_a_need_that_is_not_met_fails_and_is_named(
    manager: VerificationHookManager, needs: dict[str, Any], name: str
) -> None:
    """Exactly the one that failed, and its detail is in the summary."""
    result = await manager.execute_pre_task_verification("assess", needs)
    assert not result.passed
    assert failed(result) == [name]
    assert result.failures.startswith(f"{name}: ")


async def test_a_passing_check_does_not_hide_a_failing_one(manager: VerificationHookManager) -> None:
    """Everything at once: all passing ones beside one missing key."""
    needs = {name: value for check in PASSING.values() for name, value in check.items()}
    needs["required_keys"] = [KEY, "aqe/missing"]
    result = await manager.execute_pre_task_verification("assess", needs)
    assert failed(result) == ["key aqe/missing"]
    assert len(result.checks) == 9
    assert result.failures == "key aqe/missing: no value in memory"


async def test_an_empty_value_is_a_value(manager: VerificationHookManager) -> None:
    """`{}` stands at the key: it is there."""
    assert (await manager.execute_pre_task_verification("t", {"required_keys": [KEY]})).passed


@pytest.mark.parametrize(
    "needs",
    [
        {"required_vars": ["HOME"], "min_memory_mb": 1, "min_cpu_cores": 1, "min_disk_space_mb": 1},
        {"requiredVars": ["HOME"], "minMemoryMb": 1, "minCpuCores": 1, "minDiskSpaceMb": 1},
        {"requiredVars": ["HOME"], "minMemoryMB": 1, "minCPUCores": 1, "minDiskSpaceMB": 1},
        VerificationContext(required_vars=("HOME",), min_memory_mb=1, min_cpu_cores=1, min_disk_space_mb=1),
    ],
)
async def test_the_specifications_spelling_is_understood(manager: VerificationHookManager, needs: Any) -> None:
    """snake_case, camelCase and the specification's capitals mean the same four checks."""
    assert len((await manager.execute_pre_task_verification("t", needs)).checks) == 4


@pytest.mark.parametrize(
    ("needs", "says"),
    [
        ({"required_key": ["x"]}, "unknown requirement 'required_key'"),
        ({"minMemory": 1}, "unknown requirement 'minMemory'"),
        ({"required_vars": "HOME"}, "requiredVars|required_vars"),
        ({"min_memory_mb": "much"}, "minMemoryMb|min_memory_mb"),
    ],
)
async def test_a_requirement_that_nobody_understands_is_an_error(
    manager: VerificationHookManager, needs: dict[str, Any], says: str
) -> None:
    """It would otherwise pass unchecked."""
    with pytest.raises(InputError, match=says):
        await manager.execute_pre_task_verification("t", needs)


async def test_an_unknown_requirement_is_told_with_its_neighbour(manager: VerificationHookManager) -> None:
    """A slip of the finger."""
    with pytest.raises(InputError, match="did you mean 'requiredKeys'"):
        await manager.execute_pre_task_verification("t", {"requiredKey": []})


# After a task --------------------------------------------------------------------------------------------------------


async def test_what_a_task_left_behind_is_checked(manager: VerificationHookManager) -> None:
    """Fields of its result and keys in memory; 0 and "" are results, None is not."""
    result = await manager.execute_post_task_validation(
        "t", {"risk": 0, "text": "", "decision": None}, ("risk", "text", "decision", "gates"), (KEY, "aqe/nothing")
    )
    assert failed(result) == ["result.decision", "result.gates", "key aqe/nothing"]
    assert (await manager.execute_post_task_validation("t", {"risk": 0}, ("risk",), (KEY,))).passed


async def test_validating_nothing_does_not_pass(manager: VerificationHookManager) -> None:
    """Without a requirement nothing was validated, and that is what it says."""
    result = await manager.execute_post_task_validation("t", {"risk": 1}, ())
    assert failed(result) == ["requirements"]
    assert "nothing was validated" in result.failures


# Files ---------------------------------------------------------------------------------------------------------------


def test_a_file_inside_the_root_may_be_written(manager: VerificationHookManager, tmp_path: Path) -> None:
    """New or not."""
    assert manager.execute_pre_edit_verification(str(tmp_path / "new.py"), str(tmp_path)).passed


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("../outside.py", ["inside"]),
        ("link/outside.py", ["inside"]),
        ("no-folder/x.py", ["folder"]),
        ("folder", ["not a folder"]),
    ],
)
def test_what_may_not_be_written_is_named(
    manager: VerificationHookManager, tmp_path: Path, file: str, names: list[str]
) -> None:
    """Outside of the root, through a link too; where no folder is; where a folder is."""
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (root / "link").symlink_to(tmp_path)
    assert failed(manager.execute_pre_edit_verification(str(root / file), str(root))) == names


def test_the_root_itself_and_its_namesake_are_no_way_out(manager: VerificationHookManager, tmp_path: Path) -> None:
    """`/root-2` is not inside `/root`."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root-2").mkdir()
    result = manager.execute_pre_edit_verification(str(tmp_path / "root-2" / "x"), str(tmp_path / "root"))
    assert failed(result) == ["inside"]


def test_what_stands_on_disk_is_compared_with_what_was_meant(manager: VerificationHookManager, tmp_path: Path) -> None:
    """By content, not by the fact that a write returned."""
    file = tmp_path / "x"
    file.write_bytes(b"meant")
    digest = hashlib.sha256(b"meant").hexdigest()
    assert manager.execute_post_edit_verification(str(file), digest).passed
    file.write_bytes(b"half")
    assert failed(manager.execute_post_edit_verification(str(file), digest)) == ["content"]
    file.unlink()
    assert "no file" in manager.execute_post_edit_verification(str(file), digest).failures


# Sessions ------------------------------------------------------------------------------------------------------------


async def test_a_session_that_leaves_tasks_behind_fails_and_names_them(manager: VerificationHookManager) -> None:
    """Nothing unfinished passes."""
    assert (await manager.execute_session_end_verification(())).passed
    result = await manager.execute_session_end_verification(("task-1", "task-2"))
    assert failed(result) == ["task task-1", "task task-2"]


# As a hook -----------------------------------------------------------------------------------------------------------


def a_task(**payload: Any) -> TaskAssignment:
    return TaskAssignment(
        id="task-1", type="risk-score", payload=payload, submitted_at=datetime(2026, 1, 10, tzinfo=UTC)
    )


async def test_a_task_whose_needs_are_not_met_is_vetoed_with_the_reason(manager: VerificationHookManager) -> None:
    """The missing key is named in the veto."""
    hooks = HookManager([VerifyBeforeTask(manager)])
    with pytest.raises(TaskVetoed, match=re.escape("risk-score may not start: key aqe/x: no value in memory")):
        await hooks.pre_task(a_task(verification={"requiredKeys": ["aqe/x"]}))
    await hooks.pre_task(a_task(verification={"requiredKeys": [KEY]}))
    await hooks.pre_task(a_task())


@pytest.mark.parametrize("needs", [{"minMemoryGB": 1}, {"required_keys": 7}, "all", ["x"], [{}], 1, True])
async def test_needs_that_cannot_be_understood_are_a_veto_not_a_pass(
    manager: VerificationHookManager, needs: Any
) -> None:
    """The hook manager forgives observers that fail; this one must not be forgiven."""
    with pytest.raises(TaskVetoed, match="verification"):
        await HookManager([VerifyBeforeTask(manager)]).pre_task(a_task(verification=needs))


async def test_needs_that_cannot_be_checked_are_a_veto_not_a_pass() -> None:
    """When memory does not answer, nothing was verified."""
    broken = VerificationHookManager(Memory(ConnectionError("refused")), {})
    with pytest.raises(TaskVetoed, match="refused"):
        await HookManager([VerifyBeforeTask(broken)]).pre_task(a_task(verification={"requiredKeys": [KEY]}))

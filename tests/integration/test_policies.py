"""Which policy decides: a file, the fleet's own, or the one that comes with aqe; each version kept and audited."""

import asyncio
from pathlib import Path

import pytest

from aqe.config.settings import load_settings
from aqe.core.errors import InputError
from aqe.core.records.decisions.policy import Policy
from aqe.fleet.decisions.configuring import configure, describe_policies
from aqe.fleet.runtime import Runtime, open_runtime

ONE = "deployment_gates: {mandatory_gates: {mine: {min_total_tests: 1, enforcement: BLOCKING}}}\n"
TWO = ONE.replace("min_total_tests: 1", "min_total_tests: 2")


def file(folder: Path, text: str, name: str = "gates.yaml") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


async def in_force(runtime: Runtime, name: str = "default") -> Policy:
    return (await runtime.policies())[name]


@pytest.fixture
def project(tmp_path: Path, redis_url: str) -> Path:
    (tmp_path / "aqe.yaml").write_text(f"redis: {{url: '{redis_url}'}}\n")
    return tmp_path


async def test_a_configured_policy_is_the_fleets_from_now_on(project: Path) -> None:
    """For every process, with the digest of its bytes; each version stays."""
    loaded = load_settings(env={}, cwd=project)
    async with open_runtime(loaded, name="a") as one, open_runtime(loaded, name="b") as two:
        assert (await in_force(two)).gates[0].gate == "code_quality"
        for text, changed in ((ONE, True), (ONE, False), ("\ufeff" + TWO.replace("\n", "\r\n"), True)):
            view, is_new = await configure(one, file(project, text), "default", "dev@example.org")
            assert is_new is changed
            assert (await in_force(two)).digest == view.digest
        views = {view.name: view for view in await describe_policies(two)}
        assert (views["default"].versions, views["default"].origin) == (2, "aqe/policies/default")
        assert views["specification"].origin == "comes with aqe"
        log = await one.memory.retrieve("aqe/audit/log")
        assert [(e["action"], e["actor"], e["details"]["version"]) for e in log] == [
            ("policy:configured", "dev@example.org", 1),
            ("policy:configured", "dev@example.org", 2),
        ]


async def test_a_file_in_aqe_yaml_goes_before_it(project: Path) -> None:
    """Whoever reviews aqe.yaml reviews what decides."""
    with (project / "aqe.yaml").open("a") as out:
        out.write("policy: {file: own.yaml}\n")
    file(project, TWO, "own.yaml")
    async with open_runtime(load_settings(env={}, cwd=project), name="a") as runtime:
        await configure(runtime, file(project, ONE), "default", "dev")
        assert (await in_force(runtime)).gates[0].criteria == {"min_total_tests": 2}
        assert next(v for v in await describe_policies(runtime) if v.name == "default").origin.endswith("own.yaml")


async def test_a_policy_of_another_name_stands_beside_and_a_fast_track_stays_one(project: Path) -> None:
    async with open_runtime(load_settings(env={}, cwd=project), name="a") as runtime:
        await configure(runtime, file(project, ONE), "strict", "dev")
        await configure(runtime, file(project, TWO), "fast-track", "dev")
        assert (await in_force(runtime, "strict")).name == "strict"
        assert (await in_force(runtime, "fast-track")).fast_track
        assert not (await in_force(runtime, "strict")).fast_track


async def test_of_two_who_configure_at_the_same_time_one_is_told(project: Path) -> None:
    async with open_runtime(load_settings(env={}, cwd=project), name="a") as runtime:
        texts = [ONE.replace("1", str(number)) for number in range(3, 9)]
        done = await asyncio.gather(
            *(configure(runtime, file(project, t, f"{n}.yaml"), "default", "dev") for n, t in enumerate(texts)),
            return_exceptions=True,
        )
        refused = [error for error in done if isinstance(error, InputError)]
        history = await runtime.memory.retrieve("aqe/policies/default")
        assert len(history) == len(texts) - len(refused) >= 1
        assert all("is being configured by somebody else" in error.message for error in refused)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Specification", ONE, "cannot be a policy's name"),
        ("specification", ONE, "cannot be a policy's name"),
        ("a/b", ONE, "cannot be a policy's name"),
        (
            "x",
            ONE.replace("min_total_tests", "min_total_test"),
            r"gates\.yaml:1: unknown key 'min_total_test', did",
        ),
        ("x", "", r"gates\.yaml:1: deployment_gates is missing"),
    ],
)
async def test_a_mistake_stores_nothing(project: Path, name: str, text: str, said: str) -> None:
    async with open_runtime(load_settings(env={}, cwd=project), name="a") as runtime:
        with pytest.raises(InputError, match=said):
            await configure(runtime, file(project, text), name, "dev")
        assert await runtime.memory.keys("aqe/*") == []

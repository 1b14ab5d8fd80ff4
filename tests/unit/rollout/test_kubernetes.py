"""Argo Rollouts through kubectl: what is patched, what is read, and never a shell."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from aqe.connectors.executors.kubernetes import KubernetesExecutor, patches, placement
from aqe.core.errors import ServiceUnavailable
from aqe.tests.servers import documented

STATUS_FIELDS = {"abort", "pauseConditions", "controllerPause", "currentStepIndex", "promoteFull"}
"""Of the Rollout's CRD, v1alpha1, that are patched; its `spec` has `paused`."""
STEP_FIELDS = {"setWeight", "pause", "analysis", "experiment", "setCanaryScale", "setHeaderRoute", "setMirrorRoute"}


def a_rollout(**status: Any) -> dict[str, Any]:
    """As kubectl prints it: of two versions, waiting in the pause behind its first step."""
    made: dict[str, Any] = yaml.safe_load(documented("argo-rollout.yaml"))
    return made | {"status": {"currentPodHash": "new", "stableRS": "old", "currentStepIndex": 1, **status}}


def weighted(weight: int) -> dict[str, Any]:
    return {"canary": {"weights": {"canary": {"weight": weight}, "stable": {"weight": 100 - weight}}}}


def test_the_manifest_of_the_page_has_the_fields_of_the_definition_and_waits_at_every_stage() -> None:
    made = a_rollout()
    assert (made["apiVersion"], made["kind"]) == ("argoproj.io/v1alpha1", "Rollout")
    assert {"selector", "template", "strategy", "replicas"} == made["spec"].keys()
    assert made["spec"]["selector"]["matchLabels"] == made["spec"]["template"]["metadata"]["labels"]
    steps = made["spec"]["strategy"]["canary"]["steps"]
    assert all(len(step) == 1 and step.keys() <= STEP_FIELDS for step in steps)
    assert [step["setWeight"] for step in steps[::2]] == [5, 25, 50, 100]
    assert [step["pause"] for step in steps[1::2]] == [{}, {}, {}, {"duration": "40m"}]


@pytest.mark.parametrize(
    ("percent", "status", "expected"),
    [
        (25, {}, [{"abort": False, "pauseConditions": None, "controllerPause": False, "currentStepIndex": 2}]),
        (5, {}, []),
        (100, {}, [{"abort": False, "pauseConditions": None, "controllerPause": False, "currentStepIndex": 6}]),
        (0, {}, [{"abort": True}]),
        (0, {"abort": True}, []),
        (100, {"stableRS": "new"}, []),
    ],
)
def test_a_share_is_a_step_and_what_is_asked_for_already_is_not_patched(
    percent: float, status: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    found = list(patches(a_rollout(**status), percent))
    assert found == [{"status": one} for one in expected]
    assert all(one["status"].keys() <= STATUS_FIELDS for one in found)


def test_without_a_step_for_all_traffic_all_steps_are_left_behind_and_a_paused_one_goes_on() -> None:
    made = a_rollout()
    del made["spec"]["strategy"]["canary"]["steps"][6:]
    made["spec"]["paused"] = True
    assert list(patches(made, 100)) == [{"spec": {"paused": False}}, {"status": {"promoteFull": True}}]


@pytest.mark.parametrize(
    ("percent", "status", "words"),
    [(30, {}, "no step `setWeight: 30`, only 5, 25, 50, 100"), (5, {"stableRS": "new"}, "one version only"),
     (0, {"stableRS": "new"}, "nothing to abort")],
)  # fmt: skip
def test_what_cannot_be_done_is_said(percent: float, status: dict[str, Any], words: str) -> None:
    with pytest.raises(ServiceUnavailable, match=words):
        list(patches(a_rollout(**status), percent))


@pytest.mark.parametrize(
    ("status", "percent"),
    [
        (weighted(25), 25),
        ({**weighted(0), "stableRS": "new"}, 100),
        ({**weighted(0), "abort": True}, 0),
        ({"availableReplicas": 4, "updatedReplicas": 1}, 25),
        ({}, 0),
    ],
)
def test_the_share_is_what_the_controller_says_that_it_has_done(status: dict[str, Any], percent: float) -> None:
    assert placement(a_rollout(**status)).percent == percent


def test_blue_green_is_told_by_the_active_service() -> None:
    made = a_rollout(blueGreen={"activeSelector": "old", "previewSelector": "new"})
    made["spec"]["strategy"] = {"blueGreen": {"activeService": "shop", "autoPromotionEnabled": False}}
    assert placement(made).percent == 0
    assert list(patches(made, 100)) == [{"status": {"abort": False, "pauseConditions": None}}]
    made["status"]["blueGreen"]["activeSelector"] = "new"
    assert placement(made).percent == 100


def test_a_status_that_the_controller_has_not_written_is_an_error() -> None:
    with pytest.raises(ServiceUnavailable, match="currentPodHash"):
        placement(a_rollout(currentPodHash=None))


FAKE = """import json, pathlib, sys
pathlib.Path({seen!r}).open("a").write(json.dumps(sys.argv[1:]) + "\\n")
print({answer!r})
"""


async def test_kubectl_is_called_with_argument_lists(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    (tmp_path / "kubectl.py").write_text(FAKE.format(seen=str(seen), answer=json.dumps(a_rollout(**weighted(5)))))
    program = (sys.executable, str(tmp_path / "kubectl.py"))
    moves = KubernetesExecutor("shop", namespace="shop", context="prod; rm -rf /", program=program)
    assert (await moves.look()).percent == 5
    await moves.set_percent(0)
    got, again, patched = map(json.loads, seen.read_text().splitlines())
    where = ["--context=prod; rm -rf /", "--namespace=shop"]
    assert got == again == [*where, "get", "rollouts.argoproj.io", "shop", "--output=json"]
    assert patched[3:] == [*patched[3:5], "--type=merge", "--subresource=status", '--patch={"status": {"abort": true}}']


@pytest.mark.parametrize("printed", ["", "<html>", "[]", "{}"])
async def test_what_is_no_rollout_is_an_error(tmp_path: Path, printed: str) -> None:
    (tmp_path / "kubectl.py").write_text(f"print({printed!r})")
    with pytest.raises(ServiceUnavailable):
        await KubernetesExecutor("shop", program=(sys.executable, str(tmp_path / "kubectl.py"))).look()

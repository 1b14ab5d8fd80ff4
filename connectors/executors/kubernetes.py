"""Argo Rollouts on Kubernetes, through kubectl: our judge decides, Argo's controller moves traffic and pods.

The Rollout has a step `setWeight` for every stage and an endless `pause` behind each, so that its controller waits for
us; behind the last, `setWeight: 100`, a pause that is longer than the rollout is watched: until then `abort` brings the
old version back at once (docs/operations.md has one). What is patched is what `kubectl argo rollouts promote` and
`abort` patch; where it stands is read from the object's status. No cluster was at hand: manifests and patches are
tested against the fields that the CRD has, answers are written after its documentation.
https://argo-rollouts.readthedocs.io/en/stable/features/specification/
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.errors import ServiceUnavailable
from ...core.records.rollouts.rollout import Placement
from .programs import run_program

KIND = "rollouts.argoproj.io"
SAME_WEIGHT = 0.5
"""Points: Argo takes whole percents."""


class KubernetesExecutor:
    """A core/ports.Executor.

    Args:
        name: of the Rollout.
        namespace, context: None = kubectl's own.
        program: arguments before kubectl's.
        timeout_s: for each call.
        environment: of kubectl; None = this process's.
    """

    def __init__(
        self, name: str, *, namespace: str | None = None, context: str | None = None,
        program: Sequence[str] = ("kubectl",), timeout_s: float = 60.0, environment: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self._name = name
        where = [f"--context={context}"] if context else []
        self._program = (*program, *where, *([f"--namespace={namespace}"] if namespace else []))
        self._timeout_s = timeout_s
        self._environment = environment

    async def set_percent(self, percent: float) -> None:
        """Jump to the step of this share, promote, or abort."""
        for patch in patches(await self._rollout(), percent):
            subresource = ["--subresource=status"] if "status" in patch else []
            await self._kubectl("patch", KIND, self._name, "--type=merge", *subresource, f"--patch={json.dumps(patch)}")

    async def look(self) -> Placement:
        """What the controller says that it has done."""
        return placement(await self._rollout())

    async def _rollout(self) -> dict[str, Any]:
        printed = await self._kubectl("get", KIND, self._name, "--output=json")
        try:
            rollout = json.loads(printed)
        except ValueError as error:
            raise ServiceUnavailable(f"kubectl printed no JSON: {printed[:80]!r}") from error
        if not isinstance(rollout, dict) or not isinstance(rollout.get("status"), dict):
            raise ServiceUnavailable(f"Rollout {self._name} has no status: does Argo's controller run?")
        return rollout

    async def _kubectl(self, *arguments: str) -> str:
        command = (*self._program, *arguments)
        return await run_program(command, timeout_s=self._timeout_s, environment=self._environment)


def placement(rollout: Mapping[str, Any]) -> Placement:
    """Where traffic is, by the object's status.

    Args:
        rollout: as `kubectl get -o json` prints it.

    Raises:
        ServiceUnavailable: the status does not say.
    """
    status = rollout["status"]
    blue_green = status.get("blueGreen") or {}
    weights = (status.get("canary") or {}).get("weights") or {}
    current = status.get("currentPodHash")
    if not isinstance(current, str):
        raise ServiceUnavailable("the Rollout's status has no currentPodHash: its controller has not seen it")
    if "blueGreen" in _strategy(rollout):
        return Placement(percent=100.0 if blue_green.get("activeSelector") == current else 0.0)
    if status.get("stableRS") == current:
        return Placement(percent=100.0)
    if isinstance(weight := (weights.get("canary") or {}).get("weight"), int | float):
        return Placement(percent=min(100.0, max(0.0, weight)))
    # Without a traffic router the share is that of the pods.
    whole, updated = status.get("availableReplicas") or 0, status.get("updatedReplicas") or 0
    return Placement(percent=min(100.0, 100 * updated / whole) if whole else 0.0)


def patches(rollout: Mapping[str, Any], percent: float) -> Iterator[dict[str, Any]]:
    """What brings it there, in order; nothing where that is asked for already.

    Args:
        rollout: as `kubectl get -o json` prints it.
        percent: of the new version, 0 to 100.

    Raises:
        ServiceUnavailable: it has no such step, or only one version.
    """
    status, spec = rollout["status"], rollout.get("spec") or {}
    is_one = status.get("stableRS") == status.get("currentPodHash")
    if percent <= 0:
        if is_one:
            raise ServiceUnavailable("the Rollout has one version only, there is nothing to abort", hint=_UNDO)
        if not status.get("abort"):
            yield {"status": {"abort": True}}
        return
    if is_one:
        if percent < 100:
            raise ServiceUnavailable("the Rollout has one version only", hint="apply its new spec.template first")
        return
    if spec.get("paused"):
        yield {"spec": {"paused": False}}
    if "blueGreen" in _strategy(rollout):
        yield {"status": {"abort": False, "pauseConditions": None}}
        return
    step = _step(rollout, percent)
    # Argo goes on from the step that it is told, and then waits in the pause behind it.
    if step is None:
        yield {"status": {"promoteFull": True}}
    elif status.get("abort") or status.get("currentStepIndex") not in (step, step + 1):
        clear = {"pauseConditions": None, "controllerPause": False}
        yield {"status": {"abort": False, **clear, "currentStepIndex": step}}


_UNDO = "the version before comes back with: kubectl argo rollouts undo NAME"


def _strategy(rollout: Mapping[str, Any]) -> Mapping[str, Any]:
    strategy = (rollout.get("spec") or {}).get("strategy")
    return strategy if isinstance(strategy, dict) else {}


def _step(rollout: Mapping[str, Any], percent: float) -> int | None:
    """Number of the step of this share; None = all steps are to be left behind."""
    steps = (_strategy(rollout).get("canary") or {}).get("steps") or []
    weights = {place: step["setWeight"] for place, step in enumerate(steps) if "setWeight" in step}
    for place, weight in weights.items():
        if abs(weight - percent) <= SAME_WEIGHT:
            return place
    if percent >= 100:
        return None
    known = ", ".join(f"{weight:g}" for weight in weights.values()) or "none"
    raise ServiceUnavailable(f"the Rollout has no step `setWeight: {percent:g}`, only {known}")

"""Argo Rollouts: where a canary or blue-green deployment stands, and the analyses that judged it.

Before Argo Rollouts 1.0 a rollout has no `phase`; its condition `Progressing` says the same. `abort` means that it was
taken back.
"""

from collections.abc import Iterator
from typing import Any

from ....core.importing import About, Sample
from ....core.records.bulk.incidents import OpsRow
from ....core.records.bulk.rows import OPS
from ..kubernetes import ArgoFormat, image_tag, is_true
from ..marks import needs
from ..shapes import dict_at
from ..values import clock, labels, listed, text

_REVISION = "rollout.argoproj.io/revision"
_HEALTHY = frozenset({"Healthy", "NewReplicaSetAvailable"})


def _rollout(item: dict[str, Any]) -> Iterator[OpsRow]:
    meta, spec, status = dict_at(item, "metadata"), dict_at(item, "spec"), dict_at(item, "status")
    conditions = {text(one.get("type")): one for one in map(dict_at, listed(status.get("conditions")))}
    progress = dict_at(conditions, "Progressing")
    aborted = is_true(status.get("abort"))
    state = "Aborted" if aborted else text(status.get("phase")) or text(progress.get("reason"))
    changed = clock(status.get("abortedAt")) if aborted else None
    changed = changed or clock(progress.get("lastUpdateTime")) or clock(progress.get("lastTransitionTime"))
    steps = listed(dict_at(spec, "strategy", "canary").get("steps"))
    yield OpsRow(
        at=needs(changed or clock(meta.get("creationTimestamp")), "time of its last change"),
        event="deployment",
        name=f"rollout {text(meta.get('name')) or ''}".rstrip(),
        text=text(status.get("message")) or text(progress.get("message")),
        ended_at=changed if aborted or state in _HEALTHY else None,
        state=state,
        service=text(meta.get("name")),
        release=text(image_tag(dict_at(spec, "template"))),
        environment=text(meta.get("namespace")),
        id=text(meta.get("uid")),
        source="argo-rollouts",
        tags=labels({
            "revision": dict_at(meta, "annotations").get(_REVISION),
            "strategy": next((name for name in ("canary", "blueGreen") if name in dict_at(spec, "strategy")), None),
            "step": f"{text(status.get('currentStepIndex')) or '0'}/{len(steps)}" if steps else None,
        }),
    )  # fmt: skip


def _analysis(item: dict[str, Any]) -> Iterator[OpsRow]:
    meta, status = dict_at(item, "metadata"), dict_at(item, "status")
    owner = next((dict_at(one) for one in listed(meta.get("ownerReferences"))), {})
    measured = [dict_at(one) for one in listed(status.get("metricResults"))]
    moments = [
        at
        for result in measured
        for one in listed(result.get("measurements"))
        if (at := clock(dict_at(one).get("finishedAt")))
    ]
    yield OpsRow(
        at=needs(clock(status.get("startedAt")) or clock(meta.get("creationTimestamp")), "time of its start"),
        event="event",
        name=f"analysis {text(meta.get('name')) or ''}".rstrip(),
        text=text(status.get("message")),
        ended_at=max(moments, default=None) if status.get("phase") not in (None, "Running", "Pending") else None,
        state=text(status.get("phase")),
        service=text(owner.get("name")),
        environment=text(meta.get("namespace")),
        id=text(meta.get("uid")),
        source="argo-rollouts",
        tags=labels({text(one.get("name")) or "metric": one.get("phase") for one in measured}),
    )


class ArgoRollouts(ArgoFormat):
    """Rollouts and analysis runs -> rows of marks on the timeline."""

    name = "argo-rollouts"
    produces: tuple[str, ...] = (OPS,)
    about = About(
        title="Rollouts and analysis runs of Argo Rollouts",
        producers="Argo Rollouts (kubectl)",
        versions="argoproj.io/v1alpha1, with or without `phase` (since 1.0); YAML or JSON, alone or a List",
        recognised_by="the first object's `apiVersion` argoproj.io and its kind Rollout or AnalysisRun",
        fields="metadata name, namespace, uid; status phase, abort, abortedAt, message, conditions, currentStepIndex; "
        "the image's tag; of analyses metricResults",
        sample=Sample.REAL,
        how_to_export="kubectl get rollouts,analysisruns -o yaml > rollouts.yaml",
    )
    rows_of = {"Rollout": _rollout, "AnalysisRun": _analysis}  # noqa: RUF012 - as declared in the base

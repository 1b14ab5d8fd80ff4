"""Argo CD: what an application was synchronised to.

`history` has only syncs that succeeded, the last ten by default; one that failed or still runs stands in
`operationState`. Of an application with several sources there are several revisions.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ....core.importing import About, Sample
from ....core.records.bulk.incidents import OpsRow
from ....core.records.bulk.rows import OPS
from ..kubernetes import ArgoFormat
from ..pages import Unusable
from ..shapes import dict_at, first_of
from ..values import clock, labels, listed, text


def _application(item: dict[str, Any]) -> Iterator[OpsRow]:
    status = dict_at(item, "status")
    if not status:
        raise Unusable("an application without status")
    synced = [dict_at(one) for one in listed(status.get("history"))]
    for one in synced:
        at = clock(one.get("deployStartedAt")) or clock(one.get("deployedAt"))
        if at is not None:
            yield _row(item, at, one, "Succeeded", ended=one.get("deployedAt"), number=one.get("id"))
    operation = dict_at(status, "operationState")
    at, result = clock(operation.get("startedAt")), dict_at(operation, "syncResult")
    if at is not None and operation.get("phase") != "Succeeded":  # what succeeded is in the history
        row = _row(item, at, result, operation.get("phase"), ended=operation.get("finishedAt"), number="operation")
        yield row._replace(text=text(operation.get("message")))


def _row(item: dict[str, Any], at: datetime, sync: dict[str, Any], state: Any, *, ended: Any, number: Any) -> OpsRow:
    meta, status = dict_at(item, "metadata"), dict_at(item, "status")
    name = text(meta.get("name")) or ""
    return OpsRow(
        at=at,
        event="deployment",
        name=f"sync {name}".rstrip(),
        ended_at=clock(ended),
        state=text(state),
        service=name or None,
        release=text(sync.get("revision")) or text(first_of(sync.get("revisions"))),
        environment=text(dict_at(item, "spec", "destination").get("namespace")),
        id=f"{text(meta.get('uid')) or name}/{text(number) or at.timestamp():.80}",
        source="argo-cd",
        tags=labels({
            "health": dict_at(status, "health").get("status"),
            "sync": dict_at(status, "sync").get("status"),
            "by": "automated" if str(dict_at(sync, "initiatedBy").get("automated")).lower() == "true" else None,
        }),
    )  # fmt: skip


class ArgoCd(ArgoFormat):
    """Applications of Argo CD -> rows of marks on the timeline."""

    name = "argo-cd"
    produces: tuple[str, ...] = (OPS,)
    about = About(
        title="Applications of Argo CD",
        producers="Argo CD (kubectl, argocd, its API)",
        versions="argoproj.io/v1alpha1 with one or several sources; YAML or JSON, alone or a List",
        recognised_by="the first object's `apiVersion` argoproj.io and its kind Application; in JSON without both, "
        "`spec.destination` and `status.sync`",
        fields="status history id, revision(s), deployStartedAt, deployedAt; operationState phase, message, startedAt, "
        "finishedAt; health and sync status",
        sample=Sample.CONSTRUCTED,
        how_to_export="kubectl get applications -n argocd -o yaml > applications.yaml, or argocd app get APP -o json",
    )
    rows_of = {"Application": _application}  # noqa: RUF012 - as declared in the base

    def kind_of(self, item: dict[str, Any]) -> str:
        """Argo CD's own API and command line leave kind and version out."""
        is_bare = "kind" not in item and "sync" in dict_at(item, "status") and "destination" in dict_at(item, "spec")
        return "Application" if is_bare else super().kind_of(item)

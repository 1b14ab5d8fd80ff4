"""Prometheus alerts: Alertmanager's webhook and API v2, Prometheus' own list, Grafana's webhook of the same shape.

While an alert fires, its `endsAt` is year 1 or a time in the future: only a resolved alert has an end. A fingerprint is
that of the labels and comes back when the alert fires again, so an alert is known by it and its start.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, ClassVar

from ....core.importing import About, Head, Sample
from ....core.records.bulk.incidents import Incident
from ....core.records.bulk.rows import INCIDENTS
from ..json_stream import Way
from ..pages import Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import clock, labels, long_text, record_id, text
from .incident_pages import IncidentPages

_SERVICE = ("service", "app", "application", "job")
_ENVIRONMENT = ("environment", "env", "stage")


class Alertmanager(IncidentPages):
    """Alerts of Prometheus -> records of incidents."""

    name = "alertmanager"
    produces: tuple[str, ...] = (INCIDENTS,)
    about = About(
        title="Prometheus and Alertmanager alerts",
        producers="Alertmanager, Prometheus, Grafana Alerting, Mimir, VictoriaMetrics",
        versions="webhook version 4, Alertmanager API v2, Prometheus API v1",
        recognised_by="`alerts` or a list whose items have `labels` and `startsAt` or `activeAt`",
        fields="`labels` alertname, severity, service; `annotations` summary, description; status, startsAt, endsAt, "
        "fingerprint",
        sample=Sample.CONSTRUCTED,
        how_to_export="curl http://alertmanager:9093/api/v2/alerts > alerts.json, or the body of the webhook",
    )
    arrays: ClassVar[tuple[Way, ...]] = (("alerts",), ("data", "alerts"), ())

    def recognises(self, head: Head) -> bool:
        """By the first alert, or the empty envelope of the webhook."""
        document = head.json
        if isinstance(document, list):
            return _is_alert(first_of(document))
        page = dict_at(document)
        return (
            _is_alert(first_of(page.get("alerts")))
            or _is_alert(first_of(dict_at(page, "data").get("alerts")))
            or dict_at(page, "data").get("alerts") == []
            or {"groupKey", "receiver", "alerts"} <= page.keys()
        )

    def incidents(self, way: Way | None, value: Any, reading: Reading) -> Iterable[Incident]:
        """Of an alert."""
        if way is not None:
            return [_incident(value)]
        page = dict_at(value)
        if isinstance(value, list) or isinstance(page.get("alerts"), list):
            if page.get("truncatedAlerts"):
                reading.note(f"the webhook left out alerts: {text(page['truncatedAlerts'])}")
        elif page.get("status") == "error":
            reading.fail(page.get("error"))
        elif "alerts" not in dict_at(page, "data"):
            raise Unusable("no `alerts`")
        return ()


def _is_alert(value: Any) -> bool:
    item = dict_at(value)
    return isinstance(item.get("labels"), dict) and ("startsAt" in item or "activeAt" in item)


def _incident(value: Any) -> Incident:
    if not _is_alert(value):
        raise Unusable("an alert needs `labels` and a start")
    item: dict[str, Any] = value
    tags, words = dict_at(item, "labels"), dict_at(item, "annotations")
    state = item.get("status")
    state = state.get("state") if isinstance(state, dict) else state or item.get("state")
    started = clock(item.get("startsAt") or item.get("activeAt"))
    if started is None:
        raise Unusable("an alert without a start")
    fingerprint = text(item.get("fingerprint")) or hashlib.sha256(labels(tags).encode()).hexdigest()[:16]
    name = text(tags.get("alertname"))
    return Incident(
        id=record_id("alertmanager", fingerprint, f"{started:%Y%m%dT%H%M%S}")
        or f"alertmanager-{started:%Y%m%dT%H%M%S}",
        source="alertmanager",
        kind="alert",
        title=text(words.get("summary")) or name or "without a name",
        status="resolved" if state == "resolved" else "open",
        severity=text(tags.get("severity")),
        service=_first(tags, _SERVICE),
        region=text(tags.get("region")),
        environment=_first(tags, _ENVIRONMENT),
        started_at=started,
        resolved_at=clock(item.get("endsAt")) if state == "resolved" else None,
        description=long_text(words.get("description")) or long_text(words.get("message")),
        url=text(item.get("generatorURL")),
        tags=tuple(f"{key}:{found}" for key, tag in sorted(tags.items()) if (found := text(tag))),
    )


def _first(tags: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := text(tags.get(name)))), None)

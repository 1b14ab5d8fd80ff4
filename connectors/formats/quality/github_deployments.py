"""Deployments of GitHub and their statuses: REST, GraphQL, webhooks.

REST lists deployments without their state, and the statuses of each apart; both may stand in one file, in any order. A
deployment becomes `inactive` when a later one took its place: that is not how it ended, so the state before it counts.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from ....core.importing import About, Head, Sample
from ....core.records.bulk.incidents import OpsRow
from ..json_stream import Way
from ..marks import MarksFormat, needs
from ..pages import MAX_RECORDS, Reading, Unusable
from ..shapes import dict_at, first_of
from ..values import clock, labels, listed, text

_ENDED = frozenset({"success", "failure", "error"})
_SUPERSEDED = "inactive"
_WAYS = ("repository", "deployments", "nodes")


class _Status(NamedTuple):
    at: datetime
    state: str
    said: str | None


class GithubDeployments(MarksFormat):
    """Deployments of GitHub -> rows of marks on the timeline."""

    name = "github-deployments"
    about = About(
        title="Deployments of GitHub and their statuses",
        producers="GitHub (REST, GraphQL, webhooks)",
        versions="REST API 2022-11-28; GraphQL v4; webhooks deployment, deployment_status",
        recognised_by="a list whose first has `statuses_url` and `sha`, `deployment_url` and `state`, or `commitOid` "
        "and `environment`; a webhook's `deployment`",
        fields="id, sha, ref, environment, task, description, created_at; state, created_at and description of the "
        "statuses",
        sample=Sample.RECORDED,
        how_to_export="gh api --paginate /repos/OWNER/REPO/deployments > deployments.json; append those of "
        "/deployments/ID/statuses",
    )
    arrays: ClassVar[tuple[Way, ...]] = ((), ("data", *_WAYS))
    one = "deployment"

    def recognises(self, head: Head) -> bool:
        """By the first deployment or status."""
        first = first_of(head.json) if isinstance(head.json, list) else head.json
        nodes = dict_at(head.json, "data", *_WAYS[:-1]).get("nodes")
        body = dict_at(head.json).get("deployment")
        candidates = (first, first_of(first), body, first_of(nodes))
        return any(_is_deployment(one) or _is_status(one) for one in candidates)

    def start(self, reading: Reading) -> None:
        """Deployments and statuses meet at the end."""
        reading.memory = ({}, {})

    def item(self, way: Way, item: Any, reading: Reading) -> Iterable[OpsRow]:
        """Keep it."""
        rows, statuses = reading.memory
        for one in item if isinstance(item, list) else [item]:
            if _is_status(one):
                status = _status(one)  # may be unusable: then it leaves no deployment without a status behind
                statuses.setdefault(_id_in(one["deployment_url"]), []).append(status)
            elif _is_deployment(one):
                row = _row(one)
                rows[row.id] = row
                statuses.setdefault(row.id, []).extend(_own_statuses(one))
            else:
                raise Unusable("neither a deployment nor a status of one")
            if len(statuses) > MAX_RECORDS:
                raise Unusable(f"more than {MAX_RECORDS} deployments")
        return ()

    def document(self, document: Any, reading: Reading) -> Iterable[OpsRow]:
        """A deployment or status alone, or a webhook's body."""
        page = dict_at(document)
        for one in (page.get("deployment"), page.get("deployment_status"), page):
            if _is_deployment(one) or _is_status(one):
                reading.used += 1
                yield from self.item((), one, reading)
        if page and not reading.used:
            said = page.get("message") or dict_at(first_of(page.get("errors"))).get("message")
            if said is None:
                raise Unusable("no deployments in it")
            reading.fail(said)

    def end(self, reading: Reading) -> Iterable[OpsRow]:
        """Each deployment with what its statuses say."""
        rows, statuses = reading.memory
        for key, found in statuses.items():
            told = sorted(set(found))
            row = rows.get(key) or OpsRow(at=told[0].at, event="deployment", name="deployment", id=key, source="github")
            yield _ended(row, told)


def _ended(row: OpsRow, statuses: list[_Status]) -> OpsRow:
    told = [status for status in statuses if status.state != _SUPERSEDED]
    if not told:
        return row._replace(state=_SUPERSEDED) if statuses else row
    last = told[-1]
    return row._replace(
        state=last.state, ended_at=last.at if last.state in _ENDED else None, text=last.said or row.text
    )


def _is_deployment(value: Any) -> bool:
    found = dict_at(value)
    return {"sha", "statuses_url", "environment"} <= found.keys() or {"commitoid", "environment"} <= _lower(
        found
    ).keys()


def _is_status(value: Any) -> bool:
    return {"deployment_url", "state"} <= dict_at(value).keys() and isinstance(value["deployment_url"], str)


def _lower(item: dict[str, Any]) -> dict[str, Any]:
    """GraphQL's camelCase, and the CamelCase of programs that write its answers again."""
    return {key.lower(): value for key, value in item.items()}


def _row(item: dict[str, Any]) -> OpsRow:
    found = _lower(item)
    sha = found.get("sha") or found.get("commitoid")
    ref = found.get("ref")
    repository = _lower(dict_at(found, "repository"))
    return OpsRow(
        at=needs(clock(found.get("created_at") or found.get("createdat")), "time of its creation"),
        event="deployment",
        name=text(found.get("task")) or "deploy",
        text=text(found.get("description")),
        service=text(repository.get("namewithowner")) or text(repository.get("name")) or _repository(found.get("url")),
        release=text(sha),
        environment=text(found.get("environment")),
        id=needs(text(found.get("databaseid")) or text(found.get("id")), "id"),
        source="github",
        tags=labels({"ref": _lower(ref).get("name") if isinstance(ref, dict) else ref}),
    )


def _own_statuses(item: dict[str, Any]) -> Iterable[_Status]:
    """Those that GraphQL gives with their deployment; of a deployment without, its state now."""
    found = _lower(item)
    for node in listed(dict_at(found, "statuses").get("nodes")):
        yield _status(_lower(dict_at(node)))
    latest = _lower(dict_at(found, "lateststatus"))
    if latest.get("state") and (latest.get("updatedat") or latest.get("createdat")):
        yield _status(latest)


def _status(item: dict[str, Any]) -> _Status:
    at = clock(item.get("created_at") or item.get("createdat") or item.get("updatedat") or item.get("updated_at"))
    state = needs(text(item.get("state")), "state")
    return _Status(needs(at, "time of a status"), state.lower(), text(item.get("description")) or "")


def _id_in(url: str) -> str:
    return needs(text(url.rstrip("/").rpartition("/")[2]), "id in deployment_url")  # type: ignore[no-any-return]


def _repository(url: Any) -> str | None:
    """`owner/name` of `https://api.github.com/repos/owner/name/deployments/1`."""
    _, found, path = (text(url) or "").partition("/repos/")
    return "/".join(path.split("/")[:2]) if found else None

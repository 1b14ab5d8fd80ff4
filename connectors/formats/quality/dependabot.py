"""Dependabot alerts of GitHub: the REST API's list, or GraphQL's `vulnerabilityAlerts`.

Only open alerts count. An answer that has a next page is a part: it must not look clean.
"""

from collections.abc import Iterator
from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome, SignalKind
from ..documents import JsonFormat, clean
from ..shapes import dict_at, first_of
from ..vulnerabilities import METRICS, Vulnerabilities, cvss

_WHAT = "Dependabot alerts"


class Dependabot(JsonFormat):
    """Dependabot alerts -> security."""

    name = "dependabot"
    produces: tuple[str, ...] = (SignalKind.SECURITY.value,)
    documents = (dict, list)
    about = About(
        title="Dependabot alerts",
        producers="GitHub (REST and GraphQL)",
        versions="REST API 2022-11-28; GraphQL v4",
        recognised_by="a list with `security_advisory`; `data` with `vulnerabilityAlerts`",
        fields="state, severity, package, CVSS score, summary of each alert",
        metrics=METRICS,
        sample=Sample.RECORDED,
        how_to_export="gh api --paginate '/repos/OWNER/REPO/dependabot/alerts?state=open' > dependabot.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first alert, or by GraphQL's path."""
        if isinstance(head.json, list):
            return {"security_advisory", "state"} <= dict_at(first_of(head.json)).keys()
        return "data" in head.json_keys and '"vulnerabilityAlerts"' in head.text

    def read(self, document: Any) -> Parsed:
        """Count the open alerts."""
        found = Vulnerabilities("dependabot")
        if isinstance(document, list):
            for alert in document:
                _add_rest(found, dict_at(alert))
            return found.parsed()
        if "data" not in document:
            raise InputError(f"{_WHAT}: neither a list nor an answer of GraphQL")
        if document.get("errors"):
            message = dict_at(first_of(document["errors"])).get("message")
            return Parsed(Outcome.TOOL_FAILED, reason=f"GitHub says: {clean(message)}")
        for repository in _repositories(document.get("data")):
            alerts = repository["vulnerabilityAlerts"]
            if dict_at(alerts, "pageInfo").get("hasNextPage"):
                return Parsed(Outcome.TOOL_FAILED, reason="the answer has a next page: it lists some of the alerts")
            nodes = dict_at(alerts).get("nodes")
            if not isinstance(nodes, list):
                raise InputError(f"{_WHAT}: no list `nodes` in vulnerabilityAlerts")
            for alert in nodes:
                _add_graphql(found, clean(repository.get("name"), 100), dict_at(alert))
        return found.parsed()


def _repositories(data: Any) -> Iterator[dict[str, Any]]:
    """Of `data.repository`, or of the nodes of a search or an organisation."""
    places = [dict_at(data, "repository")]
    for holder in ("search", "organization", "viewer"):
        for of in (dict_at(data, holder), dict_at(data, holder, "repositories")):
            places += [dict_at(node) for node in of.get("nodes") or () if isinstance(node, dict)]
    found = [place for place in places if "vulnerabilityAlerts" in place]
    if not found:
        raise InputError(f"{_WHAT}: no vulnerabilityAlerts in it", hint="ask for repository { vulnerabilityAlerts }")
    yield from found


def _add_rest(found: Vulnerabilities, alert: dict[str, Any]) -> None:
    advisory = dict_at(alert, "security_advisory")
    if not advisory:
        raise InputError(f"{_WHAT}: an alert has no security_advisory")
    if alert.get("state", "open") != "open":
        found.left_out[f"{clean(alert['state'], 20)}"] += 1
        return
    dependency = dict_at(alert, "dependency")
    found.add(
        (alert.get("html_url") or alert.get("number")),
        dict_at(alert, "security_vulnerability").get("severity") or advisory.get("severity"),
        rule=advisory.get("ghsa_id"),
        message=f"{clean(dict_at(dependency, 'package').get('name'), 100)}: {clean(advisory.get('summary'))}",
        score=cvss(dict_at(advisory, "cvss").get("score")),
        file=dependency.get("manifest_path"),
    )


def _add_graphql(found: Vulnerabilities, repository: str, alert: dict[str, Any]) -> None:
    vulnerability = dict_at(alert, "securityVulnerability")
    if not vulnerability:
        raise InputError(f"{_WHAT}: an alert has no securityVulnerability")
    state = alert.get("state", "OPEN")
    if state != "OPEN" or alert.get("dismissedAt") or alert.get("fixedAt"):
        found.left_out["not open"] += 1
        return
    advisory = dict_at(vulnerability, "advisory")
    name = clean(dict_at(vulnerability, "package").get("name"), 100)
    rule = advisory.get("ghsaId") or dict_at(first_of(advisory.get("identifiers"))).get("value")
    found.add(
        (repository, clean(alert.get("id")) or (name, clean(rule))),
        vulnerability.get("severity"),
        rule=rule,
        message=f"{name}: {clean(advisory.get('summary'))}",
        score=cvss(dict_at(advisory, "cvss").get("score")),
    )

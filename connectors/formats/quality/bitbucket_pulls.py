"""Pull requests of Bitbucket. Who approved stands with the participants, which a list has only when asked for them."""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.bulk.incidents import OpsRow
from ....core.records.bulk.rows import OPS
from ....core.records.signals import Outcome
from ..documents import JsonFormat, clean, no_value
from ..reviews import KIND, METRICS, Review, approvals, approvals_part
from ..shapes import dict_at, first_of
from ..values import clock, labels, listed, text

_WHAT = "Pull requests of Bitbucket"
_STATES = {"approved": "APPROVED", "changes_requested": "CHANGES_REQUESTED"}


class BitbucketPulls(JsonFormat):
    """Pull requests -> approvals; rows of what was merged."""

    name = "bitbucket-pulls"
    produces: tuple[str, ...] = (KIND.value, OPS)
    documents = (dict, list)
    about = About(
        title="Pull requests of Bitbucket",
        producers="Bitbucket Cloud",
        versions="REST API 2.0",
        recognised_by="`values`, a list or one pull request with `source`, `destination` and `state`",
        fields="id, title, state, author, updated_on, merge_commit; participants user, approved, state",
        metrics=METRICS,
        sample=Sample.CONSTRUCTED,
        how_to_export="curl -u USER:TOKEN 'https://api.bitbucket.org/2.0/repositories/W/R/pullrequests/N' > pull.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first pull request."""
        return _is_pull(first_of(_pulls(head.json)))

    def read(self, document: Any) -> Parsed:
        """Approvals of the merged ones, or of the only one."""
        pulls = _pulls(document)
        if not pulls:
            said = dict_at(document, "error").get("message") if isinstance(document, dict) else None
            if isinstance(said, str):
                return no_value(Outcome.TOOL_FAILED, f"Bitbucket says: {clean(said)}", KIND, tool=self.name)
            raise InputError(f"{_WHAT}: there is no pull request in it")
        if not all(map(_is_pull, pulls)):
            raise InputError(f"{_WHAT}: an entry is no pull request")
        merged = [pull for pull in pulls if pull["state"] == "MERGED"]
        counting = pulls if len(pulls) == 1 else merged
        counted = {f"#{text(pull.get('id'))}": _approvals(pull) for pull in counting if "participants" in pull}
        signals = (approvals_part(self.name, counted),) if counted and len(counted) == len(counting) else ()
        rows = [row for pull in merged if (row := _row(pull))]
        if not signals and not rows:
            return Parsed(Outcome.NOT_MEASURED, reason="no pull request is merged or says who approved it")
        return Parsed(Outcome.VALUE, signals=signals, rows=iter(rows) if rows else None)


def _pulls(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    return [document] if _is_pull(document) else listed(dict_at(document).get("values"))


def _is_pull(value: Any) -> bool:
    return {"source", "destination", "state"} <= dict_at(value).keys()


def _user(value: Any) -> str:
    user = dict_at(value)
    return text(user.get("account_id")) or text(user.get("uuid")) or text(user.get("display_name")) or ""


def _approvals(pull: dict[str, Any]) -> int:
    found = []
    for one in map(dict_at, listed(pull.get("participants"))):
        state = _STATES.get(text(one.get("state")) or "", "APPROVED" if one.get("approved") is True else "COMMENTED")
        found.append(Review(_user(one.get("user")), state, None, None))
    return approvals(found, author=_user(pull.get("author")) or None, head=None)


def _row(pull: dict[str, Any]) -> OpsRow | None:
    at = clock(pull.get("closed_on") or pull.get("updated_on"))
    if at is None:
        return None
    return OpsRow(
        at=at,
        event="change",
        name=f"#{text(pull.get('id')) or ''}",
        text=text(pull.get("title")),
        state="merged",
        service=text(dict_at(pull, "destination", "repository").get("full_name")),
        release=text(dict_at(pull, "merge_commit").get("hash")),
        id=text(dict_at(pull, "links", "html").get("href")) or text(pull.get("id")),
        source="bitbucket",
        tags=labels({"branch": dict_at(pull, "source", "branch").get("name")}),
    )

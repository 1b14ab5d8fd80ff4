"""Merge requests of GitLab, and who approved one (`merge_requests/:iid/approvals`).

A merge request does not say who approved it, and its approvals not who wrote it: by GitLab's own setting an author's
approval may count. `changes_count` is a text, `1000+` above a thousand, and only of one merge request.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.bulk.incidents import OpsRow
from ....core.records.bulk.rows import OPS
from ....core.records.signals import Outcome, SignalKind, SignalPart
from ..documents import JsonFormat, clean, no_value
from ..reviews import KIND as APPROVALS
from ..reviews import METRICS, approvals_part
from ..shapes import dict_at, first_of
from ..values import clock, labels, text, whole

_RISK = SignalKind.CHANGE_RISK
_WHAT = "Merge requests of GitLab"


class GitlabMergeRequests(JsonFormat):
    """Merge requests -> approvals, change-risk; rows of what was merged."""

    name = "gitlab-merge-requests"
    produces: tuple[str, ...] = (APPROVALS.value, _RISK.value, OPS)
    documents = (dict, list)
    about = About(
        title="Merge requests of GitLab and their approvals",
        producers="GitLab",
        versions="REST API v4: merge_requests, merge_requests/:iid, merge_requests/:iid/approvals",
        recognised_by="a list or one merge request with `iid` and `source_branch`; `approved_by` with "
        "`approvals_required`",
        fields="iid, title, state, merged_at, merge_commit_sha, changes_count; approved_by user",
        metrics=(*METRICS, "files_changed"),
        sample=Sample.RECORDED,
        how_to_export="glab api projects/:id/merge_requests/N/approvals > approvals.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first merge request, or the approvals."""
        first = first_of(head.json) if isinstance(head.json, list) else head.json
        return _is_request(first) or _is_approvals(head.json)

    def read(self, document: Any) -> Parsed:
        """Approvals of one, or what was merged."""
        if _is_approvals(document):
            return self._approvals(document)
        requests = document if isinstance(document, list) else [document] if _is_request(document) else []
        if not requests:
            said = dict_at(document).get("message") or dict_at(document).get("error")
            if isinstance(said, str):
                return no_value(Outcome.TOOL_FAILED, f"GitLab says: {clean(said)}", APPROVALS, tool=self.name)
            raise InputError(f"{_WHAT}: there is no merge request in it")
        if not all(map(_is_request, requests)):
            raise InputError(f"{_WHAT}: an entry is no merge request")
        files = whole(text(requests[0].get("changes_count"))) if len(requests) == 1 else None
        part = SignalPart(tool=self.name, outcome=Outcome.VALUE, metrics={"files_changed": files or 0})
        rows = [_row(request) for request in requests if clock(request.get("merged_at"))]
        signals = ((_RISK, part),) if files is not None and files >= 0 else ()
        if not signals and not rows:
            return Parsed(Outcome.NOT_MEASURED, reason="no merge request is merged, or says how large it is")
        return Parsed(Outcome.VALUE, signals=signals, rows=iter(rows) if rows else None)

    def _approvals(self, document: dict[str, Any]) -> Parsed:
        users = document["approved_by"]
        if not isinstance(users, list):
            raise InputError(f"{_WHAT}: `approved_by` is no list")
        names = {text(dict_at(one, "user").get("username")) or text(dict_at(one, "user").get("id")) for one in users}
        if None in names:
            raise InputError(f"{_WHAT}: an approval has no user")
        counted = {f"!{text(document.get('iid')) or '?'}": len(names)}
        return Parsed(Outcome.VALUE, signals=(approvals_part(self.name, counted),))


def _is_request(value: Any) -> bool:
    return {"iid", "source_branch", "state"} <= dict_at(value).keys()


def _is_approvals(value: Any) -> bool:
    return {"approved_by", "approvals_required"} <= dict_at(value).keys()


def _row(request: dict[str, Any]) -> OpsRow:
    at = clock(request.get("merged_at"))
    assert at is not None  # only these are asked
    return OpsRow(
        at=at,
        event="change",
        name=f"!{text(request['iid']) or ''}",
        text=text(request.get("title")),
        state="merged",
        release=text(request.get("merge_commit_sha")) or text(request.get("squash_commit_sha")),
        id=text(request.get("web_url")) or text(request.get("id")),
        source="gitlab",
        tags=labels({"branch": request.get("source_branch")}),
    )

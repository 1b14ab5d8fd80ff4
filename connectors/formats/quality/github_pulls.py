"""Pull requests of GitHub: REST (list, one, webhook) and what `gh pr view` and `gh pr list --json` write.

REST gives the size of a change only for one pull request, and reviews apart; gh gives what was asked for. A metric is
there where every pull request that counts has it: the merged ones of a list, or the only one.
"""

from collections.abc import Iterable
from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.bulk.incidents import OpsRow
from ....core.records.bulk.rows import OPS
from ....core.records.signals import MetricValue, Outcome, SignalKind, SignalPart
from ..change_size import ChangeSize
from ..documents import JsonFormat, clean, no_value
from ..reviews import KIND as APPROVALS
from ..reviews import METRICS as APPROVAL_METRICS
from ..reviews import Review, approvals, approvals_part
from ..shapes import dict_at, first_of
from ..values import clock, labels, listed, text, whole

_RISK = SignalKind.CHANGE_RISK
_WHAT = "Pull requests of GitHub"
_SIZES = {
    "lines_added": ("additions",),
    "lines_deleted": ("deletions",),
    "files_changed": ("changed_files", "changedFiles"),
}
"""Metric -> how REST and gh call it."""
# Of gh any field may be left out; these are only of pull requests.
_GH = frozenset({"headRefName", "headRefOid", "baseRefName", "mergedAt", "mergeCommit", "reviews", "latestReviews",
                 "reviewDecision", "isDraft", "changedFiles"})  # fmt: skip


class GithubPulls(JsonFormat):
    """Pull requests -> approvals, change-risk; rows of what was merged."""

    name = "github-pulls"
    produces: tuple[str, ...] = (APPROVALS.value, _RISK.value, OPS)
    documents = (dict, list)
    about = About(
        title="Pull requests of GitHub",
        producers="GitHub (REST, webhooks), gh",
        versions="REST API 2022-11-28; webhook pull_request; gh pr view and gh pr list --json",
        recognised_by="a list, one pull request or a webhook's `pull_request` with `number`, `head` and `base`; or "
        "`number` with fields of gh's own",
        fields="number, title, merged_at, author, head; additions, deletions, changed_files; of gh reviews author, "
        "state and commit, files",
        metrics=(*APPROVAL_METRICS, "commits", *_SIZES, "modules_affected", "dependencies_changed"),
        sample=Sample.RECORDED,
        how_to_export="gh pr view N --json number,title,author,state,mergedAt,headRefOid,reviews,additions,deletions,"
        "changedFiles,files,commits > pull.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first pull request."""
        return _is_pull(first_of(_pulls(head.json)))

    def read(self, document: Any) -> Parsed:
        """What the pull requests say."""
        pulls = _pulls(document)
        if not pulls:
            said = dict_at(document).get("message")
            if isinstance(said, str):
                return no_value(Outcome.TOOL_FAILED, f"GitHub says: {clean(said)}", APPROVALS, _RISK, tool=self.name)
            raise InputError(f"{_WHAT}: there is no pull request in it")
        if not all(map(_is_pull, pulls)):
            raise InputError(f"{_WHAT}: an entry is no pull request", hint="ask gh for number, headRefOid and reviews")
        merged = [pull for pull in pulls if _merged_at(pull)]
        counting = pulls if len(pulls) == 1 else merged
        signals = tuple(self._signals(counting)) if counting else ()
        rows = [_row(pull) for pull in merged]
        if not signals and not rows:
            # Of the open ones nothing is known to go into a release: no part that would stand for a measurement.
            return Parsed(Outcome.NOT_MEASURED, reason="no pull request is merged, or says how large or reviewed it is")
        return Parsed(Outcome.VALUE, signals=signals, rows=iter(rows) if rows else None)

    def _signals(self, pulls: list[dict[str, Any]]) -> Iterable[tuple[SignalKind, SignalPart]]:
        if all("reviews" in pull for pull in pulls):
            yield approvals_part(self.name, {f"#{text(pull['number'])}": _approvals(pull) for pull in pulls})
        metrics = _size(pulls)
        if metrics:
            yield _RISK, SignalPart(tool=self.name, outcome=Outcome.VALUE, metrics=metrics)


def _pulls(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    body = dict_at(document, "pull_request")
    # The webhook of a review has the pull request, too, but without its size.
    return [body] if body and "review" not in document else [document] if _is_pull(document) else []


def _is_pull(value: Any) -> bool:
    item = dict_at(value)
    return "number" in item and ({"head", "base"} <= item.keys() or not _GH.isdisjoint(item))


def _merged_at(pull: dict[str, Any]) -> Any:
    return clock(pull.get("merged_at") or pull.get("mergedAt"))


def _approvals(pull: dict[str, Any]) -> int:
    found = [
        Review(
            _login(dict_at(one, "author")),
            text(one.get("state")) or "",
            text(dict_at(one, "commit").get("oid")),
            clock(one.get("submittedAt")),
        )
        for one in map(dict_at, listed(pull["reviews"]))
    ]
    return approvals(found, author=_login(dict_at(pull, "author")) or None, head=text(pull.get("headRefOid")))


def _login(user: dict[str, Any]) -> str:
    login = text(user.get("login")) or ""
    return f"{login}[bot]" if user.get("is_bot") is True else login


def _size(pulls: list[dict[str, Any]]) -> dict[str, MetricValue]:
    """The sums of what every pull request has; the files say more than their number."""
    metrics: dict[str, MetricValue] = {}
    for metric, names in _SIZES.items():
        found = [next((whole(pull[name]) for name in names if name in pull), None) for pull in pulls]
        if all(one is not None and one >= 0 for one in found):
            metrics[metric] = sum(one for one in found if one is not None)
    if all(isinstance(pull.get("files"), list) for pull in pulls):
        size = ChangeSize()
        for one in (dict_at(file) for pull in pulls for file in pull["files"]):
            path, added, deleted = text(one.get("path")), whole(one.get("additions")), whole(one.get("deletions"))
            if path is None or added is None or deleted is None or min(added, deleted) < 0:
                raise InputError(f"{_WHAT}: a file has no path, additions and deletions")
            size.add(path, added, deleted)
        # gh lists a hundred files at most: then only the counts of the whole are right.
        if size.entries == sum(number for pull in pulls if (number := whole(pull.get("changedFiles"))) is not None):
            metrics |= size.metrics()
    commits = [len(one) if isinstance(one, list) else whole(one) for one in (pull.get("commits") for pull in pulls)]
    if all(one is not None and one >= 0 for one in commits):
        metrics["commits"] = sum(one for one in commits if one is not None)
    return metrics


def _row(pull: dict[str, Any]) -> OpsRow:
    head, commit = dict_at(pull, "head"), pull.get("merge_commit_sha") or dict_at(pull, "mergeCommit").get("oid")
    return OpsRow(
        at=_merged_at(pull),
        event="change",
        name=f"#{text(pull['number'])}",
        text=text(pull.get("title")),
        state="merged",
        service=text(dict_at(pull, "base", "repo").get("full_name")),
        release=text(commit),
        id=text(pull.get("html_url")) or text(pull.get("url")) or text(pull["number"]),
        source="github",
        tags=labels({"branch": head.get("ref") or pull.get("headRefName")}),
    )

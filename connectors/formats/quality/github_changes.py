"""What changed, as GitHub tells it: a comparison of two commits, the files or the commits of a pull request.

A comparison names 300 files at most and the files of a pull request 3,000: an answer that is full says too little.
"""

from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import MetricValue, Outcome, SignalKind, SignalPart
from ..change_size import METRICS, ChangeSize
from ..documents import JsonFormat, clean, no_value
from ..shapes import Count, MaybeListed, SnakeShape, dict_at, first_of, shaped, shaped_list
from ..values import whole

_KIND = SignalKind.CHANGE_RISK
_WHAT = "Changes of GitHub"
_MOST_OF_COMPARISON, _MOST_OF_PULL = 300, 3000


class _File(SnakeShape):
    filename: str
    additions: Count
    deletions: Count
    changes: Count = 0
    previous_filename: str | None = None
    patch: Any = None


class _Comparison(SnakeShape):
    total_commits: Count
    files: MaybeListed[_File]


class GithubChanges(JsonFormat):
    """Comparisons, files and commits of GitHub -> change-risk."""

    name = "github-changes"
    produces: tuple[str, ...] = (_KIND.value,)
    documents = (dict, list)
    about = About(
        title="Changes of GitHub (comparison, files, commits)",
        producers="GitHub (REST)",
        versions="REST API 2022-11-28",
        recognised_by="`total_commits` with `ahead_by`; a list whose first has `filename` and `additions`, or `sha`, "
        "`commit` and `parents`",
        fields="total_commits; filename, previous_filename, additions and deletions of the files; sha of the commits",
        metrics=("commits", *METRICS),
        sample=Sample.RECORDED,
        how_to_export="gh api /repos/OWNER/REPO/compare/PREVIOUS_TAG...HEAD > changes.json",
    )

    def recognises(self, head: Head) -> bool:
        """By its keys, or the first file or commit."""
        if isinstance(head.json, dict):
            return {"total_commits", "ahead_by"} <= head.json_keys or "/compare/" in str(head.json.get("permalink_url"))
        return _is_file(first_of(head.json)) or _is_commit(first_of(head.json))

    def read(self, document: Any) -> Parsed:
        """Add up the files, count the commits."""
        if isinstance(document, list):
            if document and _is_commit(document[0]):
                return self._commits(document)
            return self._parsed(shaped_list(_File, document, _WHAT), _MOST_OF_PULL, {})
        if isinstance(said := document.get("message"), str) and "total_commits" not in document:
            return no_value(Outcome.TOOL_FAILED, f"GitHub says: {clean(said)}", _KIND, tool=self.name)
        found = shaped(_Comparison, document, _WHAT)
        return self._parsed(found.files, _MOST_OF_COMPARISON, {"commits": found.total_commits})

    def _parsed(self, files: list[_File], most: int, metrics: dict[str, MetricValue]) -> Parsed:
        if len(files) >= most:
            reason = f"the answer lists {most} files, as many as it can: use git diff --numstat"
            return no_value(Outcome.TOOL_FAILED, reason, _KIND, tool=self.name)
        if not files and not metrics.get("commits"):
            return no_value(Outcome.NOT_MEASURED, "there is no change in it", _KIND, tool=self.name)
        size = ChangeSize()
        for one in files:
            size.add(one.filename, one.additions, one.deletions, old=one.previous_filename)
        part = SignalPart(tool=self.name, outcome=Outcome.VALUE, metrics=metrics | size.metrics())
        return Parsed(Outcome.VALUE, signals=((_KIND, part),))

    def _commits(self, commits: list[Any]) -> Parsed:
        if not all(map(_is_commit, commits)):
            raise InputError(f"{_WHAT}: an entry has not `sha`, `commit` and `parents`")
        count = len({clean(dict_at(commit)["sha"], 80) for commit in commits})
        part = SignalPart(tool=self.name, outcome=Outcome.VALUE, metrics={"commits": count})
        notes = (
            (f"{len(commits)} commits, as many as a page holds: are these all?",) if len(commits) in (30, 100) else ()
        )
        return Parsed(Outcome.VALUE, signals=((_KIND, part),), notes=notes)


def _is_file(value: Any) -> bool:
    item = dict_at(value)
    return {"filename", "additions", "deletions", "status"} <= item.keys() and whole(item["additions"]) is not None


def _is_commit(value: Any) -> bool:
    return {"sha", "commit", "parents"} <= dict_at(value).keys()

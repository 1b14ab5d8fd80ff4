"""Reviews of a pull request on GitHub (REST, webhook): who stands by it.

The list does not name the author of the pull request nor its newest commit. GitHub lets nobody approve a change of
their own; the commit that was reviewed last is taken for the newest. `gh pr view --json` knows both.
"""

from collections import defaultdict
from typing import Any

from ....core.errors import InputError
from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import Outcome
from ..documents import JsonFormat, clean, no_value
from ..reviews import KIND, METRICS, Review, approvals, approvals_part
from ..shapes import dict_at, first_of
from ..values import clock, text

_WHAT = "Reviews of GitHub"
_STATES = ("APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING")


class GithubReviews(JsonFormat):
    """Reviews of pull requests -> approvals."""

    name = "github-reviews"
    produces: tuple[str, ...] = (KIND.value,)
    documents = (dict, list)
    about = About(
        title="Reviews of pull requests on GitHub",
        producers="GitHub (REST, webhooks)",
        versions="REST API 2022-11-28; webhook pull_request_review",
        recognised_by="a list whose first, or a webhook's `review`, has `pull_request_url`, `submitted_at` and `state`",
        fields="user login and type, state, commit_id, submitted_at, pull_request_url; of a webhook the pull request's "
        "author and head",
        metrics=METRICS,
        sample=Sample.RECORDED,
        how_to_export="gh api --paginate /repos/OWNER/REPO/pulls/N/reviews > reviews.json",
    )

    def recognises(self, head: Head) -> bool:
        """By the first review."""
        return _is_review(first_of(head.json) if isinstance(head.json, list) else dict_at(head.json, "review"))

    def read(self, document: Any) -> Parsed:
        """Count the approvals of each pull request."""
        if isinstance(document, dict):
            if isinstance(said := document.get("message"), str) and "review" not in document:
                return no_value(Outcome.TOOL_FAILED, f"GitHub says: {clean(said)}", KIND, tool=self.name)
            found: list[Any] = [document.get("review")]
            pull = dict_at(document, "pull_request")
        else:
            found, pull = document, {}
        if not found:
            return no_value(Outcome.NOT_MEASURED, "there is no review in it", KIND, tool=self.name)
        of_pull: dict[str, list[Review]] = defaultdict(list)
        for item in found:
            if not _is_review(item):
                raise InputError(f"{_WHAT}: an entry has not `pull_request_url`, `submitted_at` and a known `state`")
            of_pull[clean(item["pull_request_url"]).rpartition("/")[2]].append(_review(item))
        author = text(dict_at(pull, "user").get("login"))
        head = text(dict_at(pull, "head").get("sha"))
        counted = {f"#{number}": _count(reviews, author, head) for number, reviews in of_pull.items()}
        return Parsed(Outcome.VALUE, signals=(approvals_part(self.name, counted),))


def _is_review(value: Any) -> bool:
    item = dict_at(value)
    state = item.get("state")
    return {"pull_request_url", "submitted_at"} <= item.keys() and isinstance(state, str) and state.upper() in _STATES


def _review(item: dict[str, Any]) -> Review:
    user = dict_at(item, "user")
    login = text(user.get("login")) or ""
    name = f"{login}[bot]" if user.get("type") == "Bot" and not login.endswith("[bot]") else login
    return Review(name, item["state"].upper(), text(item.get("commit_id")), clock(item["submitted_at"]))


def _count(reviews: list[Review], author: str | None, head: str | None) -> int:
    in_order = sorted(reviews, key=lambda review: (review.at is not None, review.at))
    newest = head or next((review.commit for review in reversed(in_order) if review.commit), None)
    return approvals(in_order, author=author, head=newest)

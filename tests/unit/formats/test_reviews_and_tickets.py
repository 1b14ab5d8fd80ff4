"""Open bugs, reviews, changes, tickets, flags: constructed after the documentation of each platform's API."""

from typing import Any

import pytest

from aqe.core.errors import InputError
from aqe.core.records.signals import Outcome

from .reading import claimed_by, metrics, outcome, part, read

HEAD = "3f1d2c4b5a69788796a5b4c3d2e1f00112233445"
OLD = "0" * 40
CODE_OF_JIRA = "jira-issues"


def rows(name: str, content: object) -> list[Any]:
    return list(read(name, content).rows or ())


def github_issue(*labels: str, state: str = "open", **more: Any) -> dict[str, Any]:
    return {"number": 1, "title": "t", "state": state, "labels": [{"name": label} for label in labels], **more}


@pytest.mark.parametrize("mark", ["P0", "priority: critical", "severity/1", "sev-1", "S1", "blocker", "urgent"])
def test_a_label_says_that_a_bug_is_critical(mark: str) -> None:
    assert metrics("github-issues", [github_issue("kind/bug", mark)]) == {"critical_issues": 1}


@pytest.mark.parametrize("mark", ["P1", "priority: high", "severity::2", "low", "noncritical path, minor"])
def test_other_labels_say_that_it_is_not(mark: str) -> None:
    assert outcome("github-issues", [github_issue("bug", mark)]) is Outcome.CLEAN


def test_bugs_without_any_mark_are_not_known_to_be_harmless() -> None:
    """Never 0 because nobody labels; one with a mark makes it a measurement that names the others."""
    assert outcome("github-issues", [github_issue("bug"), github_issue("bug")]) is Outcome.NOT_MEASURED
    found = read("github-issues", [github_issue("bug"), github_issue("bug", "low")])
    assert found.outcome is Outcome.CLEAN
    assert found.notes == ("open bugs that do not say how severe they are: 1 of 2",)


def test_pull_requests_and_closed_issues_are_no_open_bugs() -> None:
    """REST lists pull requests among the issues."""
    issues = [github_issue("bug", "P0", state="closed"), github_issue("bug", "P0", pull_request={})]
    assert metrics("github-issues", issues) == {"critical_issues": 0}


def test_a_part_of_a_search_is_no_measurement() -> None:
    page = {"total_count": 5, "incomplete_results": False, "items": [github_issue("bug", "low")]}
    assert claimed_by(page) == "github-issues"
    assert outcome("github-issues", page) is Outcome.TOOL_FAILED
    page = {"total": 5, "issues": [jira()]}
    assert outcome(CODE_OF_JIRA, page) is Outcome.TOOL_FAILED
    assert outcome(CODE_OF_JIRA, {"isLast": False, "issues": [jira()]}) is Outcome.TOOL_FAILED


def jira(
    kind: str = "Bug", priority: str = "Highest", identity: str = "1", category: str = "new", **fields: Any
) -> Any:
    status = {"name": fields.pop("status", "Open"), "statusCategory": {"key": category}}
    return {"key": "A-1", "fields": {"issuetype": {"name": kind}, "priority": {"name": priority, "id": identity},
                                     "status": status, **fields}}  # fmt: skip


def test_jira_goes_by_ids_and_categories_where_names_are_translated() -> None:
    """`Höchste` has the id 1; what is done, or resolved, is not open; the type is a bug in many languages."""
    assert metrics(CODE_OF_JIRA, [jira("Fehler", "Höchste")]) == {"critical_issues": 1}
    assert metrics(CODE_OF_JIRA, [jira("缺陷", "最高")]) == {"critical_issues": 1}
    assert metrics(CODE_OF_JIRA, [jira(priority="Hoch", identity="2")]) == {"critical_issues": 0}
    assert metrics(CODE_OF_JIRA, [jira(category="done")]) == {"critical_issues": 0}
    assert metrics(CODE_OF_JIRA, [jira(resolution={"name": "Fixed"})]) == {"critical_issues": 0}


def test_a_decision_that_is_no_text_is_no_decision() -> None:
    """Nor is one without a name: then the status says it."""
    change = jira("Change", status="Declined", customfield_1=[{"finalDecision": ["approved"]}, {"finalDecision": None}])
    assert metrics(CODE_OF_JIRA, [change]) == {"change_ticket": "rejected"}


def test_an_empty_search_of_jira_found_no_bug() -> None:
    assert claimed_by({"startAt": 0, "total": 0, "issues": []}) == CODE_OF_JIRA
    assert outcome(CODE_OF_JIRA, {"startAt": 0, "total": 0, "issues": []}) is Outcome.CLEAN


@pytest.mark.parametrize(
    ("decisions", "status", "expected"),
    [
        (["approved"], "Planning", "approved"),
        (["approved", "declined"], "Planning", "rejected"),
        (["pending", "approved"], "Planning", "pending"),
        ([], "Awaiting implementation", "approved"),
        ([], "Declined", "rejected"),
        ([], "Awaiting CAB approval", "pending"),
    ],
)
def test_a_change_of_jira_is_what_its_approvers_decided(decisions: list[str], status: str, expected: str) -> None:
    """Without a decision its status says it; a change ticket is no bug."""
    change = jira("[System] Change", status=status, customfield_1=[{"finalDecision": word} for word in decisions])
    assert metrics(CODE_OF_JIRA, [change]) == {"change_ticket": expected}
    assert metrics(CODE_OF_JIRA, [change, jira()]) == {"change_ticket": expected, "critical_issues": 1}


def test_a_state_nobody_knows_is_no_approval() -> None:
    """A site's own word is neither taken for approved nor for pending."""
    assert outcome(CODE_OF_JIRA, [jira("Change", status="Freigegeben")]) is Outcome.NOT_MEASURED
    ticket = {"number": "CHG1", "state": "-1", "approval": "freigegeben"}
    assert "'freigegeben (state -1)'" in str(read("servicenow-change", {"result": ticket}).reason)


@pytest.mark.parametrize(
    ("ticket", "expected"),
    [
        ({"state": "-1", "approval": "approved"}, "approved"),
        ({"state": "-3", "approval": "requested"}, "pending"),
        ({"state": "New", "approval": "Not Yet Requested"}, "pending"),
        ({"state": "Closed Complete", "approval": "Rejected"}, "rejected"),
        ({"state": "4", "approval": "approved"}, "rejected"),
        ({"state": "-2", "approval": "not requested", "type": "standard"}, "approved"),
        ({"state": "-5", "approval": "not requested", "type": "standard"}, "pending"),
        ({"state": {"display_value": "Umsetzen", "value": "-1"},
          "approval": {"display_value": "Genehmigt", "value": "approved"}}, "approved"),
    ],
)  # fmt: skip
def test_pitfall_12_servicenow_says_approved_in_codes_and_in_words(ticket: dict[str, Any], expected: str) -> None:
    """Pitfall 12: everything is a text, and of which kind depends on `display_value`."""
    assert metrics("servicenow-change", {"result": [{"number": "CHG1", **ticket}]}) == {"change_ticket": expected}


def test_of_several_tickets_the_worst_counts() -> None:
    tickets = [{"number": str(n), "state": "-1", "approval": word} for n, word in enumerate(("approved", "requested"))]
    assert metrics("servicenow-change", {"result": tickets}) == {"change_ticket": "pending"}
    assert outcome("servicenow-change", {"result": []}) is Outcome.NOT_MEASURED
    assert outcome("servicenow-change", {"error": {"message": "User Not Authenticated"}}) is Outcome.TOOL_FAILED


def test_servicenow_times_are_read_only_where_they_are_utc() -> None:
    """A displayed time is in the zone of whoever exported it."""
    times = {"work_start": "2026-03-02 10:00:00", "work_end": ""}
    raw = {"number": "CHG1", "state": "-1", "approval": "approved", **times}
    (row,) = rows("servicenow-change", {"result": raw})
    assert row.at.isoformat() == "2026-03-02T10:00:00+00:00"
    assert read("servicenow-change", {"result": raw | {"state": "Implement"}}).rows is None


def gh_pull(*reviews: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    told = [{"author": {"login": who}, "state": state, "commit": {"oid": commit}} for who, state, commit in reviews]
    return {"number": 4, "author": {"login": "author"}, "headRefOid": HEAD, "reviews": told, **more}


@pytest.mark.parametrize(
    ("reviews", "expected"),
    [
        ([("a", "APPROVED", HEAD), ("b", "APPROVED", HEAD)], 2),
        ([("a", "APPROVED", HEAD), ("a", "APPROVED", HEAD)], 1),
        ([("a", "APPROVED", HEAD), ("a", "COMMENTED", HEAD)], 1),
        ([("a", "APPROVED", HEAD), ("a", "CHANGES_REQUESTED", HEAD)], 0),
        ([("a", "DISMISSED", HEAD)], 0),
        ([("a", "APPROVED", OLD)], 0),
        ([("author", "APPROVED", HEAD)], 0),
        ([("dependabot[bot]", "APPROVED", HEAD)], 0),
        ([], 0),
    ],
)
def test_an_approval_is_somebody_elses_last_word_on_the_newest_commit(
    reviews: list[tuple[str, str, str]], expected: int
) -> None:
    assert claimed_by(gh_pull(*reviews)) == "github-pulls"
    assert metrics("github-pulls", gh_pull(*reviews)) == {"review_approvals": expected}


def test_of_several_pull_requests_the_least_approved_counts() -> None:
    """Merged ones only: what is still open goes into no release."""
    merged = {"mergedAt": "2026-03-02T10:00:00Z", "additions": 5, "deletions": 1, "changedFiles": 2}
    pulls = [gh_pull(("a", "APPROVED", HEAD), **merged), gh_pull(**merged) | {"number": 5}, gh_pull() | {"number": 6}]
    found = read("github-pulls", pulls)
    assert {name: value for _, one in found.signals for name, value in one.metrics.items()} == {
        "review_approvals": 0, "lines_added": 10, "lines_deleted": 2, "files_changed": 4,
    }  # fmt: skip
    assert [row.name for row in rows("github-pulls", pulls)] == ["#4", "#5"]


def test_a_list_without_sizes_and_reviews_gives_only_what_was_merged() -> None:
    """No signal: a part without a value would stand in the way of the reviews."""
    pull = {"number": 1, "head": {}, "base": {}, "state": "closed", "merged_at": "2026-03-02T10:00:00Z"}
    found = read("github-pulls", [pull, pull | {"number": 2, "merged_at": None}])
    assert found.signals == ()
    assert len(list(found.rows or ())) == 1


def test_files_beyond_the_hundredth_are_not_guessed() -> None:
    """gh lists a hundred files: folders are told only where all are there."""
    files = [{"path": f"a/{n}", "additions": 1, "deletions": 0} for n in range(100)]
    assert "modules_affected" not in metrics("github-pulls", gh_pull(files=files, changedFiles=101))
    assert metrics("github-pulls", gh_pull(files=files, changedFiles=100))["modules_affected"] == 1


def test_reviews_without_their_pull_request_count_at_the_commit_reviewed_last() -> None:
    def review(user: str, commit: str, minute: int) -> dict[str, Any]:
        return {"user": {"login": user}, "state": "APPROVED", "commit_id": commit, "pull_request_url": "x/pulls/4",
                "submitted_at": f"2026-03-02T10:{minute:02}:00Z"}  # fmt: skip

    reviews = [review("b", HEAD, 9), review("a", OLD, 1)]
    assert claimed_by(reviews) == "github-reviews"
    assert metrics("github-reviews", reviews) == {"review_approvals": 1}


def test_approvals_of_gitlab_and_bitbucket() -> None:
    """People, each once; an author's own and a request for changes are none."""
    approved = {"approvals_required": 2, "approved_by": [{"user": {"username": "a"}}, {"user": {"username": "b"}}]}
    assert claimed_by(approved) == "gitlab-merge-requests"
    assert metrics("gitlab-merge-requests", approved) == {"review_approvals": 2}
    assert metrics("gitlab-merge-requests", approved | {"approved_by": []}) == {"review_approvals": 0}
    pull = {"id": 1, "state": "OPEN", "source": {}, "destination": {}, "author": {"uuid": "one"}, "participants": [
        {"user": {"uuid": "one"}, "approved": True}, {"user": {"uuid": "two"}, "approved": True},
        {"user": {"uuid": "three"}, "approved": False, "state": "changes_requested"},
    ]}  # fmt: skip
    assert metrics("bitbucket-pulls", pull) == {"review_approvals": 1}


def test_a_comparison_that_is_full_says_too_little() -> None:
    """300 files at most: with 300 the change may be larger."""
    file = {"filename": "a/b.py", "status": "modified", "additions": 2, "deletions": 1}
    page = {"total_commits": 3, "ahead_by": 3, "files": [file | {"filename": f"a/{n}"} for n in range(299)]}
    assert metrics("github-changes", page) == {
        "commits": 3, "lines_added": 598, "lines_deleted": 299, "files_changed": 299, "modules_affected": 1,
        "dependencies_changed": 0,
    }  # fmt: skip
    page["files"] += [file]  # type: ignore[operator]
    assert outcome("github-changes", page) is Outcome.TOOL_FAILED


def flag(on: bool, *, temporary: bool = True, **environment: Any) -> dict[str, Any]:
    return {
        "key": "f",
        "temporary": temporary,
        "variations": [],
        "environments": {"production": {"on": on, **environment}},
    }


@pytest.mark.parametrize(
    ("one", "ready"),
    [
        (flag(False), True),
        (flag(True), False),
        (flag(True, fallthrough={"rollout": {"variations": [{"weight": 5000}, {"weight": 95000}]}}), True),
        (flag(True, fallthrough={"rollout": {"variations": [{"weight": 100000}, {"weight": 0}]}}), False),
        (flag(True, rules=[{"variation": 0}]), True),
        (flag(True, _summary={"variations": {"0": {"rollout": 1}, "1": {"isFallthrough": True}}}), True),
        (flag(True, _summary={"variations": {"0": {"isFallthrough": True}, "1": {"isOff": True}}}), False),
    ],
)
def test_a_flag_is_ready_while_it_does_not_serve_everybody_the_same(one: dict[str, Any], ready: bool) -> None:
    assert claimed_by(one) == "launchdarkly-flags"
    assert metrics("launchdarkly-flags", {"items": [one]}) == {"feature_flags_ready": ready}


def test_permanent_flags_are_not_asked() -> None:
    """An emergency switch is meant to stay on; alone it says nothing of a rollout."""
    assert outcome("launchdarkly-flags", {"items": [flag(True, temporary=False)]}) is Outcome.NOT_MEASURED
    with pytest.raises(InputError, match="does not say whether it is `on`"):
        read("launchdarkly-flags", {"items": [{**flag(True), "environments": {"test": {}}}]})
    assert outcome("launchdarkly-flags", {"totalCount": 2, "items": [flag(True)]}) is Outcome.TOOL_FAILED


def test_hotspots_count_until_somebody_found_them_safe() -> None:
    """An answer with fewer than its total is a part."""
    spots = [{"key": str(n), "vulnerabilityProbability": "HIGH", "status": "REVIEWED", "resolution": word}
             for n, word in enumerate(("ACKNOWLEDGED", "SAFE", "FIXED"))]  # fmt: skip
    assert part("sonar-hotspots", {"hotspots": spots, "paging": {"total": 3}}).metrics["high_vulnerabilities"] == 1
    assert outcome("sonar-hotspots", {"hotspots": spots, "paging": {"total": 4}}) is Outcome.TOOL_FAILED
    with pytest.raises(InputError, match="'SEVERE'"):
        read("sonar-hotspots", [{"key": "a", "vulnerabilityProbability": "SEVERE", "status": "TO_REVIEW"}])


def test_cloudwatch_statistics_are_points_of_their_own_kind() -> None:
    """A result without permission is no zero; what has no point is not measured."""
    point = {
        "Timestamp": "2026-03-02T10:00:00Z",
        "Average": 0.25,
        "ExtendedStatistics": {"p99": 1.5},
        "Unit": "Seconds",
    }
    points = rows("cloudwatch-metrics", {"Label": "TargetResponseTime", "Datapoints": [point]})
    assert [(row.name, row.statistic, row.value, row.unit) for row in points] == [
        ("TargetResponseTime", "avg", 0.25, "Seconds"), ("TargetResponseTime", "p99", 1.5, "Seconds"),
    ]  # fmt: skip
    denied = {"MetricDataResults": [{"Id": "a", "Timestamps": [], "Values": [], "StatusCode": "Forbidden"}]}
    assert outcome("cloudwatch-metrics", denied) is Outcome.TOOL_FAILED
    assert outcome("cloudwatch-metrics", {"MetricDataResults": []}) is Outcome.NOT_MEASURED

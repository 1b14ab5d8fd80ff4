"""What files of a repository say about a release."""

from typing import Any

import pytest

from aqe.agents.deployment_readiness.file_checks import (
    MAX_NODES,
    has_sections,
    headings,
    migrations_pass,
    names_version,
    same_interface,
)
from aqe.core.errors import InputError


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("# Changelog\n\n## [1.4.0] - 2026-01-10\n", True),
        ("## v1.4.0\r\n", True),
        ("1.4.0 (2026-01-10)\n------------------\n", True),
        ("## 1.4.0-rc1\n", False),
        ("## 11.4.0\n", False),
        ("## 1.4.0.1\n", False),
        ("## Unreleased\n- will be 1.4.0\n", False),
        ("", False),
    ],
)
def test_a_changelog_names_the_version_in_a_heading(text: str, holds: bool) -> None:
    """Not somewhere in its text, and not a version that looks alike."""
    assert names_version(text, "v1.4.0").holds is holds


def test_both_kinds_of_headings_are_read() -> None:
    """Marks in front and lines below."""
    assert headings("# One\ntext\n\nTwo\n===\n\n### Three #\n- no\n") == ["One", "Two", "Three #"]


def test_a_runbook_has_its_sections() -> None:
    """By the beginning of a word, whatever the language of the rest."""
    text = "# Rollback\n## Triggers\n## Steps\n## Verification\n"
    assert has_sections(text, ("trigger", "step", "verif")).holds
    missing = has_sections(text, ("trigger", "contact"))
    assert (missing.holds, missing.detail) == (False, "no heading with a word that begins with contact")


@pytest.mark.parametrize(
    ("junit", "counts", "holds"),
    [
        ('<testcase name="test_up_and_down"/>', {"total_tests": 2, "failed_tests": 0, "skipped_tests": 0}, True),
        ('<testcase name="test_up"/>', {"total_tests": 2, "failed_tests": 0, "skipped_tests": 0}, False),
        ('<testcase name="test_down"/>', {"total_tests": 2, "failed_tests": 1, "skipped_tests": 0}, False),
        ('<testcase name="test_down"/>', {"total_tests": 2, "failed_tests": 0, "skipped_tests": 2}, False),
    ],
)
def test_migrations_are_tested_when_they_passed_both_ways(junit: str, counts: dict[str, int], holds: bool) -> None:
    """A test that was skipped has shown nothing."""
    assert migrations_pass(junit, counts).holds is holds


def an_interface(**changes: Any) -> dict[str, Any]:
    operation = {
        "summary": "One product",
        "parameters": [{"name": "id", "in": "path", "required": True}, {"name": "full", "in": "query"}],
        "responses": {200: {"description": "ok"}, 404: {"description": "none"}},
    }
    return {"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": {"/products/{id}": {"get": operation | changes}}}


def test_words_and_order_make_no_difference() -> None:
    """Descriptions are for people; the interface is the same."""
    parameters = an_interface()["paths"]["/products/{id}"]["get"]["parameters"]
    other = an_interface(summary="Other words", parameters=parameters[::-1])
    other["info"] = {"title": "Shop", "version": "2"}
    assert same_interface(an_interface(), other).holds


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"parameters": []}, "paths /products/{id} get parameters"),
        ({"responses": {200: {}}}, "404 (documented only)"),
        ({"deprecated": True}, "deprecated (in the code only)"),
    ],
)
def test_a_difference_is_named(changes: dict[str, Any], at: str) -> None:
    """With its place in the document."""
    check = same_interface(an_interface(), an_interface(**changes))
    assert not check.holds and at in check.detail


def test_a_property_may_be_called_like_a_word_that_is_left_out() -> None:
    """`title` of a book is part of the interface."""
    with_title = {"paths": {}, "components": {"schemas": {"Book": {"properties": {"title": {"type": "string"}}}}}}
    without: dict[str, Any] = {"paths": {}, "components": {"schemas": {"Book": {"properties": {}}}}}
    assert not same_interface(with_title, without).holds


def test_a_document_that_stands_for_millions_is_not_compared() -> None:
    """Aliases multiply."""
    node: Any = ["x"] * 10
    for _ in range(7):
        node = [node] * 10
    with pytest.raises(InputError, match=f"more than {MAX_NODES:,} nodes"):
        same_interface({"paths": {"a": node}}, {"paths": {}})


@pytest.mark.parametrize("document", [None, [], {"swagger": "2.0"}, {"paths": []}])
def test_what_is_no_interface_is_refused(document: object) -> None:
    """It says which of the two."""
    with pytest.raises(InputError, match="documented interface is no OpenAPI document"):
        same_interface(document, an_interface())

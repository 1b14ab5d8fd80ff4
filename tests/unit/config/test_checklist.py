"""Reading a checklist: each mistake is one line with file and line."""

from pathlib import Path

import pytest

from aqe.config.checklist import load_checklist
from aqe.core.errors import InputError
from aqe.core.records.decisions.checklist import ChecklistDefinition

HEAD = "deployment_checklist:\n  all:\n"


def load(tmp_path: Path, text: str) -> ChecklistDefinition:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return load_checklist(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the checklist asks nothing"),
        ("deployment_checklist: {}", "the checklist asks nothing"),
        ("deployment_checklist:\n  all: []\n", "mine.yaml:2: all is []"),
        ("checklist: {}", "unknown key 'checklist'"),
    ],
)
def test_a_checklist_without_items_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """It would always pass."""
    with pytest.raises(InputError) as failed:
        load(tmp_path, text)
    assert said in failed.value.message


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("id: a, item: A", "an item has criteria or is attestable"),
        ("id: a, item: A, attestable: true, level: some", "mine.yaml:3: deployment_checklist.all.0.level"),
        ("id: a, item: A, criteria: {min_line_covrage: 85}", "did you mean 'min_line_coverage'?"),
        ("id: a, item: A, criteria: {min_line_coverage: 850}", "min_line_coverage is 850"),
        ("id: a, item: A, attestable: true, max_age: 3", "max_age: 3 is not a duration"),
        ("id: A b, item: A, attestable: true", "deployment_checklist.all.0.id is 'A b'"),
        ("id: a, item: A, attestable: true}\n    - {id: a, item: B, attestable: true", "mine.yaml:4: the id 'a'"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, item: str, said: str) -> None:
    """And what was probably meant."""
    with pytest.raises(InputError) as failed:
        load(tmp_path, f"{HEAD}    - {{{item}}}\n")
    assert said in failed.value.message


def test_a_checklist_is_named_after_its_file_and_carries_its_digest(tmp_path: Path) -> None:
    """So that a result says what was asked."""
    checklist = load(tmp_path, HEAD + "    - {id: a, item: A, attestable: true, max_age: 3d}\n")
    assert (checklist.name, len(checklist.digest)) == ("mine", 64)
    assert checklist.items["a"].max_age_s == 3 * 86_400

from datetime import UTC, datetime

import pytest

from aqe.agents.commander.workflow import WORKFLOWS, parent_of, step_id, step_task
from aqe.core.records.tasks import Priority, TaskAssignment

AT = datetime(2026, 1, 10, tzinfo=UTC)
A_RELEASE_CHECK = TaskAssignment(
    id="task-1",
    type="release-check",
    payload={"version": "v1"},
    priority=Priority.HIGH,
    deadline=AT,
    submitted_at=AT,
)


def test_a_release_check_is_mining_and_then_an_assessment() -> None:
    """The order is the point: what production says comes before the decision."""
    assert WORKFLOWS["release-check"] == ("error-pattern-mining", "deployment-assessment")


def test_a_step_inherits_payload_priority_and_deadline() -> None:
    """Only id, type and correlation are its own."""
    step = step_task(A_RELEASE_CHECK, 1)
    assert step is not None
    assert (step.id, step.type, step.correlation_id) == ("task-1.step-1", "deployment-assessment", "task-1")
    assert (step.payload, step.priority, step.deadline) == ({"version": "v1"}, Priority.HIGH, AT)


def test_after_the_last_step_there_is_none() -> None:
    """None ends the workflow."""
    assert step_task(A_RELEASE_CHECK, 2) is None


def test_a_step_keeps_the_correlation_of_who_asked() -> None:
    """All events of one piece of work are joined by what the submitter chose."""
    step = step_task(A_RELEASE_CHECK.model_copy(update={"correlation_id": "build-9"}), 0)
    assert step is not None and step.correlation_id == "build-9"


@pytest.mark.parametrize(
    ("task_id", "parent"),
    [
        ("task-1.step-0", ("task-1", 0)),
        ("task-1.step-12", ("task-1", 12)),
        ("a.step-1.step-2", ("a.step-1", 2)),
        ("task-1", None),
        ("task-1.step-", None),
        ("task-1.step-x", None),
        ("task-1.step--1", None),
        ("task-1.step-²", None),
        ("task-1.step-" + "9" * 5_000, None),
        (".step-1", None),
    ],
)
def test_from_a_steps_id_its_workflow_is_found(task_id: str, parent: tuple[str, int] | None) -> None:
    """Any other id is a task of its own."""
    assert parent_of(task_id) == parent


def test_step_id_and_parent_of_are_each_others_inverse() -> None:
    """For every step of every workflow."""
    for steps in WORKFLOWS.values():
        for number in range(len(steps)):
            assert parent_of(step_id("w.1", number)) == ("w.1", number)

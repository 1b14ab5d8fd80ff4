"""Workflows: a task type that stands for a row of tasks, each started when the one before has finished."""

from ...core.records.tasks import TaskAssignment

WORKFLOWS: dict[str, tuple[str, ...]] = {
    "release-check": ("error-pattern-mining", "deployment-assessment"),
}
"""Workflow -> the task types of its steps, in order."""


def step_id(workflow_id: str, number: int) -> str:
    """Id of a step's task; from it the workflow is found again."""
    return f"{workflow_id}.step-{number}"


def parent_of(task_id: str) -> tuple[str, int] | None:
    """Workflow id and step number of a step's task id; None for a task of its own."""
    parent, separator, number = task_id.rpartition(".step-")
    is_step = parent and separator and number.isascii() and number.isdigit() and len(number) < 10
    return (parent, int(number)) if is_step else None


def step_task(workflow: TaskAssignment, number: int) -> TaskAssignment | None:
    """The task of a step, or None after the last; payload, priority and deadline are the workflow's."""
    steps = WORKFLOWS[workflow.type]
    if number >= len(steps):
        return None
    return workflow.model_copy(
        update={
            "id": step_id(workflow.id, number),
            "type": steps[number],
            "correlation_id": workflow.correlation_id or workflow.id,
        }
    )

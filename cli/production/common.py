"""What the commands over production's data share."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..common import say
from ..params import DAYS
from ..working import working

if TYPE_CHECKING:
    from ...core.records.evidence import NotMeasured
    from ...core.records.production.findings import Insight
    from ...fleet.runtime import Runtime

F = TypeVar("F", bound=Callable[..., Any])


def days_option(default: float | None = 30.0) -> Callable[[F], F]:
    """`--days`; without a default all data are looked at."""
    text = "Window back from now" + (" (default: all there is)." if default is None else ".")
    return click.option("--days", type=DAYS, default=default, show_default=default is not None, help=text)


def release_option(command: F) -> F:
    """`--release`: of the data, not of what is looked for."""
    return click.option("--release", metavar="VERSION", help="Only what was imported for this release.")(command)


async def performed(parts: "Runtime", task_type: str, payload: dict[str, Any]) -> Any:
    """Have a task done; what is None in the payload is left out."""
    from ...fleet.tasks import new_task, perform

    given = {name: value for name, value in payload.items() if value is not None}
    async with working(task_type):
        return (await perform(parts, new_task(parts, task_type, given), said=say)).result


def missing(of: "NotMeasured") -> str:
    """`NOT_MEASURED: reason`."""
    return f"NOT_MEASURED: {of.reason}"


def insight_lines(insights: "Iterable[Insight]") -> Iterator[str]:
    """What was found, in words; each after an empty line."""
    for insight in insights:
        yield f"\n{insight.priority}  {insight.title}. {insight.detail}\n  {insight.recommendation}"

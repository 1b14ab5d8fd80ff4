"""Programs that are run before a stage gets its traffic, or after it has passed."""

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from ..base import Record


class StageHook(Record):
    """One of them."""

    name: str
    when: Literal["before", "after"]
    stages: tuple[FiniteFloat, ...] = ()
    """Percents; empty = every stage."""
    run: Annotated[tuple[str, ...], Field(min_length=1)]
    """Program and arguments; `{version}`, `{baseline}`, `{environment}`, `{percent}` and `{rollout}` are filled in."""
    timeout_s: Annotated[FiniteFloat, Field(gt=0)] = 60.0
    on_failure: Literal["pause", "rollback"] = "pause"


class DueHook(Record):
    """One that is to be run now; the next stage waits for it."""

    key: str
    """Of hook and stage: what is done under this key is not done again."""
    percent: FiniteFloat
    """Share of the stage that it is about."""
    hook: StageHook


class EndedHook(Record):
    """How it ended."""

    key: str
    problem: str | None = None
    """None = it did what it should."""

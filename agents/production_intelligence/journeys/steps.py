"""Steps as records: their ids, which are the same over runs, and paths that hold nothing of anybody."""

import re
from hashlib import sha256

from ....core.records.bulk.visits import StepText
from ....core.records.production.journeys import StepKind

PLACEHOLDER = re.compile(r"\{[^{}/]*\}|\?|\*+|:[A-Za-z_]\w*|\[[^\[\]/]*\]|<[^<>/]*>")
"""What stands for an id in a path: `{id}` of ours; `?`, `*`, `:id`, `[id]`, `<id>` of what names pages elsewhere."""


def step_id(step: StepText) -> str:
    """Twelve hexadecimal digits."""
    return sha256("\0".join(part or "" for part in step[:3]).encode()).hexdigest()[:12]


def page_path(step: StepText) -> str | None:
    """The page's path with ids as `{id}`; None where it is not known."""
    path = step.path
    if path is None and step.page is not None and step.kind != StepKind.OTHER:
        path = step.page
    if path is not None and step.kind == StepKind.REQUEST:
        path = path.partition(" ")[2]
    if path is None or not path.startswith("/"):
        return None
    return PLACEHOLDER.sub("{id}", path)


def example_path(path: str | None) -> str | None:
    """The path with 1 for every id: it can be asked for, and is nobody's."""
    return None if path is None else path.replace("{id}", "1")

"""The section `rollback` of a policy."""

from typing import Any

from ..core.records.rollouts.rollback_rules import OwnStep, RollbackRules, RollbackTrigger
from .yamlfile import YamlDocument, duration_s

SECTION = "rollback"
_TRIGGER = ("above", "below", "for")


def rollback_rules(doc: YamlDocument) -> RollbackRules:
    """Triggers and steps of a policy's YAML.

    Raises:
        InputError: with file and line.
    """
    doc.mapping((SECTION,), RollbackRules.model_fields)
    triggers = {metric: _trigger(doc, (SECTION, "triggers", metric)) for metric in doc.mapping((SECTION, "triggers"))}
    return RollbackRules(triggers=triggers, steps=tuple(_steps(doc)))


def _trigger(doc: YamlDocument, path: tuple[str, ...]) -> RollbackTrigger:
    given: dict[str, Any] = dict(doc.mapping(path, _TRIGGER))
    try:
        given["for_s"] = duration_s(given.pop("for", None))
    except ValueError as error:
        raise doc.error(path, f"for of {path[-1]}: {error}") from error
    return doc.read(RollbackTrigger, given, path)


def _steps(doc: YamlDocument) -> list[OwnStep]:
    steps = doc.mapping((SECTION,)).get("steps") or []
    if not isinstance(steps, list):
        raise doc.error((SECTION, "steps"), "rollback.steps is a list: - {action: ..., command: ...}")
    paths = [(SECTION, "steps", index) for index in range(len(steps))]
    return [doc.read(OwnStep, doc.mapping(path, OwnStep.model_fields), path) for path in paths]

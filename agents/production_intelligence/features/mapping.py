"""Which feature a request, a page view or an event belongs to: aqe.yaml's word first, else a name of its own."""

import re
from collections.abc import Mapping
from functools import lru_cache

from ....core.errors import InputError
from ....core.globs import compile_glob
from ....core.records.production.features import FeatureRule
from ..endpoints import is_id
from ..load.visitors import PAGE_VIEW

HOME = "home"
"""The feature of a path without a word in it."""
MAX_NAME_CHARS = 100
MAX_TEXT_CHARS = 500
"""Of paths and event names that are looked at."""
_REMEMBERED = 50_000
# Extensions of what pages are made of.
_STATIC = re.compile(
    r"css|m?js|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|eot|mp4|webm|pdf|txt|xml|webmanifest", re.IGNORECASE
)
# Parts of a path that say how something is served, not what.
_NO_FEATURE = re.compile(r"api|rest|v\d{1,3}|\{id\}|[a-z]{2}[-_][A-Za-z]{2}", re.ASCII)


class FeatureMap:
    """Event or path to feature.

    Args:
        rules: name -> what belongs to it; the first that fits takes an interaction.
    """

    def __init__(self, rules: Mapping[str, FeatureRule]) -> None:
        self.configured = tuple(rules)
        self.code = {name: tuple(rule.code) for name, rule in rules.items() if rule.code}
        self._rules = [
            (name, [compile_glob(g) for g in rule.paths], [compile_glob(g) for g in rule.events])
            for name, rule in rules.items()
        ]
        self._known: dict[tuple[str | None, str | None, bool], str | None] = {}

    def of(self, event: str | None, path: str | None, *, by_event: bool = True) -> str | None:
        """The feature, or None for what is none: a style sheet, an event without a name.

        Args:
            event: name of a product event or action; None for a request or page view.
            path: where it happened, with or without query.
            by_event: an event that no rule takes is a feature of its own; else it belongs to its path.
        """
        key = (event and event[:MAX_TEXT_CHARS], path and path[:MAX_TEXT_CHARS], by_event)
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = self._find(*key)
        return self._known[key]

    def _find(self, event: str | None, path: str | None, by_event: bool) -> str | None:
        bare = path.partition("?")[0].partition("#")[0] if path else None
        for name, paths, events in self._rules:
            if bare and any(glob.fullmatch(bare) for glob in paths):
                return name
            if event and any(glob.fullmatch(event) for glob in events):
                return name
        if event and by_event and not PAGE_VIEW.fullmatch(event):
            return _named(event)
        return _first_word(bare) if bare else None


# Millions of paths are made of a few words: what a word is, is found once.
_remembered = lru_cache(maxsize=4096)


def _first_word(path: str) -> str | None:
    _, dot, extension = path.rpartition(".")
    if dot and _STATIC.fullmatch(extension):
        return None
    return _named(next((part for part in path.split("/") if part and _is_word(part)), HOME))


@_remembered
def _is_word(part: str) -> bool:
    return not (is_id(part) or _NO_FEATURE.fullmatch(part))


@_remembered
def _named(text: str) -> str | None:
    """One printable line."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return shown[:MAX_NAME_CHARS] or None


def read_rules(value: object) -> dict[str, FeatureRule]:
    """The task payload's `features`; InputError when they are none."""
    if not isinstance(value, Mapping):
        raise InputError(f"features is {value!r:.80}, expected name -> {{paths, events}}")
    return {str(name): FeatureRule.from_value(rule, where=f"feature {name}") for name, rule in value.items()}

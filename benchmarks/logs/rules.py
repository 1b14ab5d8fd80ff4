"""The rules of log templates, chosen without the labelled set that they are scored on.

Each set is held out once. Its numbers are those of NUMBERS that score best on the mean of the other sets; then each
rule is left out once, with these numbers, and only the rules without which the other sets score worse stay. A set's
own labels so have no say in what it is scored with. The rules themselves were written by somebody who had seen the
sets: no choice among them undoes that.
"""

import importlib.util
import itertools
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ...analysis.texts import log_masks, log_templates, log_words, template_text

MEASURES = ("GA", "FGA", "PA", "FTA")
Scores = dict[str, float]
Labelled = tuple[list[str], list[str]]
"""Messages and the template of each."""

NUMBERS: dict[str, tuple[Any, ...]] = {
    "_TWIN_VALUES": (3, 2, 4, 8),
    "_TWINS_ALONE": (8, 3, 16),
    "_TWINS_OF_A_VARIABLE": (2, 3),
    "WORDS_BESIDE_NAMES": (2, 1, 3),
}
"""Constant -> values it is chosen from, the product's own first: it wins a draw."""

_USUAL = tuple(values[0] for values in NUMBERS.values())
_NEVER = re.compile(r"(?!)(?P<kept>)")
_PHRASES = dict(
    zip(
        (
            "month",
            "day before a month",
            "weekday",
            "AM or PM",
            "size",
            "duration",
            "list",
        ),
        log_masks._PHRASES,
        strict=True,
    )
)
_TYPES, _TEXTS = dict(log_masks._TYPES), dict(template_text._VARIABLES)
_SWITCHES: dict[str, tuple[Any, str, Any]] = {
    "quoted text is a value": (log_masks, "_QUOTED", _NEVER),
    "an object is one value": (log_masks, "_OBJECT", _NEVER),
    "a list is one value": (log_masks, "_listed_once", lambda text: text),
    "who speaks stays": (log_words, "speakers", lambda words: 0),
    "in brackets two values are enough": (log_words, "is_enclosed", lambda word: False),
    "two words may vary together": (log_templates, "_vary_together", lambda rows, place: False),
    "names alone may differ": (log_words, "form", lambda scope, words: None),
    "capitals and short words stay": (log_words, "may_vary", lambda word: True),
    "a plural in brackets stays": (log_words, "_PLURALS", ()),
    "blanks of several widths are one": (template_text, "_is_blank", lambda word: False),
    "blanks before a value at the start are none": (template_text, "_unpadded", lambda text: text),
    "quoted text is a value in texts": (template_text, "in_one", lambda message, value, stays: message),
    "what varies may have parts in texts": (template_text, "_HAS_PARTS", lambda word: False),
    "words seen to vary are values in texts": (
        *(template_text, "_with_variables"),
        lambda message, typed: template_text._BLANKS.split(message),
    ),
}
"""Rule -> module, name and what stands there without the rule."""

RULES = (
    *(f"mask: {name}" for name in _TYPES),
    *(f"phrase: {name}" for name in _PHRASES),
    *(f"text: {name}" for name in _TEXTS),
    *_SWITCHES,
)


class Choice(NamedTuple):
    """Numbers in the order of NUMBERS, and the rules that are left out."""

    numbers: tuple[Any, ...] = _USUAL
    without: frozenset[str] = frozenset()


class CrossValidation(NamedTuple):
    """Set -> scores as the product is, with numbers chosen elsewhere, and with the rules chosen elsewhere too."""

    fitted: dict[str, Scores]
    numbers: dict[str, Scores]
    rules: dict[str, Scores]
    choices: dict[str, Choice]


def load_scorer(path: Path) -> Any:
    """The scoring program as a module, with `truth` and `score`."""
    spec = importlib.util.spec_from_file_location("loghub_score", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cross_validated(
    sets: Mapping[str, Labelled],
    parse: Callable[[Sequence[str]], list[str]],
    score: Callable[[list[str], list[str]], Scores],
) -> CrossValidation:
    """Score every set with what was chosen on the others.

    Args:
        sets: name -> messages and templates, three or more.
        parse: messages to templates, by the modules of the product.
        score: true and found templates to measures.
    """

    @cache
    def scored(name: str, choice: Choice) -> Scores:
        messages, truth = sets[name]
        with applied(choice):
            return score(truth, parse(messages))

    def mean(names: Sequence[str], choice: Choice) -> float:
        return statistics.mean(scored(name, choice)[m] for name in names for m in MEASURES)

    found = CrossValidation({}, {}, {}, {})
    for held_out in sets:
        others = [name for name in sets if name != held_out]
        numbers = max(map(Choice, itertools.product(*NUMBERS.values())), key=lambda choice: mean(others, choice))
        with_all = mean(others, numbers)
        useless = {r for r in RULES if mean(others, numbers._replace(without=frozenset({r}))) >= with_all}
        found.choices[held_out] = numbers._replace(without=frozenset(useless))
        found.fitted[held_out] = scored(held_out, Choice())
        found.numbers[held_out] = scored(held_out, numbers)
        found.rules[held_out] = scored(held_out, found.choices[held_out])
    return found


@contextmanager
def applied(choice: Choice) -> Iterator[None]:
    """The product's modules with these numbers and without these rules."""
    changes = list(_changes(choice))
    usual = [(module, name, getattr(module, name)) for module, name, _ in changes]
    _set(changes)
    try:
        yield
    finally:
        _set(usual)


def _changes(choice: Choice) -> Iterator[tuple[Any, str, Any]]:
    for name, value in zip(NUMBERS, choice.numbers, strict=True):
        yield log_words if name == "WORDS_BESIDE_NAMES" else log_templates, name, value
    for name, (module, attribute, instead) in _SWITCHES.items():
        if name in choice.without:
            yield module, attribute, instead
    # A word of digits alone is a number without looking: of "num" it is the digits inside words that can be left out.
    types = [f"(?P<{n}>{form})" for n, form in _TYPES.items() if f"mask: {n}" not in choice.without]
    yield log_masks, "_TYPED", re.compile("|".join([*types, "(?!)"]))
    phrases = tuple(phrase for n, phrase in _PHRASES.items() if f"phrase: {n}" not in choice.without)
    yield log_masks, "_PHRASES", phrases
    forms = [form for n, form in _TEXTS.items() if f"text: {n}" not in choice.without]
    yield template_text, "_PART", re.compile(rf"({'|'.join([*forms, '(?!)'])})|{template_text._REST}", re.DOTALL)


def _set(changes: Sequence[tuple[Any, str, Any]]) -> None:
    for module, name, value in changes:
        setattr(module, name, value)
    forget_words()


def forget_words() -> None:
    """Empty what the modules remember of words: other rules found it, or a first time would look like a second."""
    for remembered in (log_masks._typed_word, log_words.without_name, log_words.is_plain, template_text._word):
        remembered.cache_clear()

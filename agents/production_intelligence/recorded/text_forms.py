"""The forms that texts of one place take: `€59.90` and `€1,204.50` are of one, `Price to come` is another.

A form is a text with its numbers left open. Places are told to have forms when few were seen often; the chance of
another one is about the share of forms that were seen once (Good 1953, "The Population Frequencies of Species"), so a
single such form means that nothing is expected.
"""

import re
from collections import Counter
from collections.abc import Sequence

MIN_TEXTS = 20
"""Texts that were seen in the place."""
MIN_TIMES = 3
"""Of each form."""
MAX_FORMS = 3
MAX_WORDS = 3
"""Of a text: a unit, a state. More are prose, or somebody's address."""
_NUMBER = re.compile(r"\d[\d.,]*(?<=\d)")
_CENTS = re.compile(r"[.,]\d{2}$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")


def forms(texts: Sequence[str]) -> str | None:
    r"""A regular expression for all the texts, the same in Python and JavaScript; None = they are too different.

    >>> print(forms(["€59.90", "€7.00", "€1,204.50"] * 7))
    ^\s*€\d[\d.,]*[.,]\d{2}\s*$
    >>> forms(["one 1", "two 2", "three 3", "four 4"] * 7), forms(["€1.00"] * 30 + ["€100"])
    (None, None)
    """
    if len(texts) < MIN_TEXTS or any("<" in text or len(_WORD.findall(text)) > MAX_WORDS for text in texts):
        return None
    seen = Counter(_form(text) for text in texts)
    if len(seen) > MAX_FORMS or min(seen.values()) < MIN_TIMES or not any("\\d" in form for form in seen):
        return None
    alternatives = "|".join(sorted(seen))
    return rf"^\s*(?:{alternatives})\s*$" if len(seen) > 1 else rf"^\s*{alternatives}\s*$"


def _form(text: str) -> str:
    words = (_SPECIAL.sub(r"\\\g<0>", part) for part in _NUMBER.split(text))
    numbers = [r"\d[\d.,]*[.,]\d{2}" if _CENTS.search(number) else r"\d[\d.,]*" for number in _NUMBER.findall(text)]
    return "".join(part for pair in zip(words, [*numbers, ""], strict=True) for part in pair)

r"""Log messages to templates in one pass, with nothing to configure.

`log_masks` looks at one message alone: what is a variable by its form becomes a typed token. `TemplateMiner` looks at
many: where masked messages differ in names only (`db.eu`, `user=bob`), or in words that take several values, these
words are variables too.

>>> miner = TemplateMiner()
>>> ids = [miner.add(f"Invalid user {name} from 10.0.0.7") for name in ("admin", "oracle", "test")]
>>> {miner.template(id) for id in ids}
{'Invalid user <*> from <addr>'}

References: He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017 (one pass, a group a
template); Zhu et al., "Tools and Benchmarks for Automated Log Parsing", ICSE-SEIP 2019 (the Loghub scores).
"""

import sys
from collections import deque
from hashlib import blake2b
from itertools import compress, count
from operator import ne

from . import log_words
from .log_masks import MAX_MESSAGE_CHARS, phrases, shape, typed

MAX_TEMPLATES = 5_000
"""Templates a miner keeps, merged ones included; real services have some hundreds."""
OVERFLOW = "overflow"
"""Id of all messages that came when the miner was full."""

# Different values that make a word a variable. Two would merge `opened` and `closed`.
_TWIN_VALUES = 3
# The same where no plain word stays; or of the first word, which says most.
_TWINS_ALONE = 8
# The same where one of them holds a variable by its form (`10.0.0.7` and `localhost`, `eth0` and `lo`), and in brackets
# or quotes.
_TWINS_OF_A_VARIABLE = 2
# Templates of one length and first word that a new one is compared with.
_RECENT = 8
# Messages remembered: but for their digits, to answer for those that recur without looking at their words; and masked,
# to answer without looking for twins.
_MAX_SEEN = 20_000


def digest(template: str) -> str:
    """Twelve hexadecimal digits that stand for a template, the same on every machine."""
    return blake2b(template.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


_Kind = tuple[str, int, str]
"""Scope, number of words and the first of them."""


class TemplateMiner:
    """Groups messages by template while they come.

    Templates grow more general, never less: an id that `add` gave out stays valid, and `resolve` tells which id it
    has become part of. Ask for templates when all messages are in.

    Args:
        max_templates: memory limit. What comes later and fits no template is counted under OVERFLOW.
    """

    def __init__(self, max_templates: int = MAX_TEMPLATES) -> None:
        self.max_templates = max_templates
        self._templates: dict[str, str] = {}
        self._merged_into: dict[str, str] = {}
        # By shape, and by masked message.
        self._seen: dict[tuple[str, str | bytes], str] = {}
        # Both by the hash of a template without one word: templates that differ there alone, and what they became.
        self._twins: dict[int, tuple[str, ...]] = {}
        self._wildcards: dict[int, str] = {}
        # By the hash of a template without its names: the one template of this form.
        self._alike: dict[int, str] = {}
        # By length and first word: the last templates, to be compared word by word, and those with several variables
        # that came of it.
        self._recent: dict[_Kind, deque[tuple[str, ...]]] = {}
        self._compared: dict[_Kind, deque[tuple[tuple[str, ...], str]]] = {}

    def add(self, message: str, scope: str = "") -> str:
        """The id of the message's template.

        Args:
            message: one message, of any length and content.
            scope: messages of different scopes never share a template.
        """
        form = shape(message[:MAX_MESSAGE_CHARS])
        known = self._seen.get((scope, form))
        if known is None:
            text = typed(form.decode("utf-8", "surrogatepass"))
            known = self._seen.get((scope, text))
            if known is None:
                known = self._place(scope, tuple(phrases(text).split(" ")))
            if len(self._seen) >= _MAX_SEEN:
                self._seen.clear()
            self._seen[scope, text] = self._seen[scope, form] = known
        return known

    def resolve(self, template_id: str) -> str:
        """The id this one goes by now."""
        while template_id in self._merged_into:
            template_id = self._merged_into[template_id]
        return template_id

    def template(self, template_id: str) -> str:
        """The template as text; `<*>` is a word that was seen to vary."""
        if template_id == OVERFLOW:
            return f"<messages beyond {self.max_templates} templates>"
        return self._templates[self.resolve(template_id)]

    def _place(self, scope: str, words: tuple[str, ...]) -> str:
        slots = log_words.slots(scope, words)
        known = self._fitting(scope, words, slots)
        if known is not None:
            return known
        if len(self._templates) >= self.max_templates:
            return OVERFLOW
        form = log_words.form(scope, words)
        alike = self._alike.get(form) if form is not None else None
        if alike is not None:
            words = log_words.wider(self.template(alike), words)
            slots = log_words.slots(scope, words)
            known = self._fitting(scope, words, slots)
        placed = known or self._new(scope, words, slots)
        if alike is not None:
            self._become(alike, placed)
        if form is not None:
            self._alike[form] = placed
        return placed

    def _fitting(self, scope: str, words: tuple[str, ...], slots: list[tuple[int, int]]) -> str | None:
        template_id = _id(scope, words)
        if template_id in self._templates:
            return template_id
        for _, slot in slots:
            if slot in self._wildcards:
                return self._wildcards[slot]
        for general, wider in self._compared.get((scope, len(words), words[0]), ()):
            if all(a in (b, log_words.wildcard(b)) for a, b in zip(general, words, strict=True)):
                return wider
        return None

    def _new(self, scope: str, words: tuple[str, ...], slots: list[tuple[int, int]]) -> str:
        template_id = _id(scope, words)
        self._templates[template_id] = " ".join(words)
        for position, slot in slots:
            if not log_words.may_vary(words[position]):
                continue
            twins = self._twins[slot] = (*self._twins.get(slot, ())[:_TWINS_ALONE], template_id)
            if len(twins) > 1 and len(twins) >= self._enough(scope, twins, position):
                general = self._place(scope, log_words.general(words, (position,)))
                if general != OVERFLOW:
                    self._wildcards[slot] = general
                    for twin in self._twins.pop(slot):
                        self._become(twin, general)
                break
        else:
            self._compare(scope, words)
        return template_id

    def _compare(self, scope: str, words: tuple[str, ...]) -> None:
        """Make variables of words that vary together: of many names, a pair hardly comes twice."""
        kind = scope, len(words), words[0]
        recent = self._recent.setdefault(kind, deque(maxlen=_RECENT))
        pairs: dict[tuple[int, ...], list[tuple[str, ...]]] = {}
        for other in recent:
            pairs.setdefault(tuple(compress(count(), map(ne, other, words))), []).append(other)
        recent.append(words)
        for places, others in pairs.items():
            rows = [*others, words]
            general = _varied(scope, rows, places)
            wider = self._place(scope, general) if general else OVERFLOW
            if general and wider != OVERFLOW:
                self._compared.setdefault(kind, deque(maxlen=_RECENT)).append((general, wider))
                for row in rows:
                    self._become(_id(scope, row), wider)
                return

    def _enough(self, scope: str, twins: tuple[str, ...], position: int) -> int:
        """How many values make the word at this position a variable."""
        rows = [self._templates[twin].split(" ") for twin in twins[:_TWIN_VALUES]]
        beside = sum(map(log_words.is_plain, rows[0])) - log_words.is_plain(rows[0][position])
        first = not position and not scope
        if beside > first and all(log_words.is_enclosed(row[position]) for row in rows):
            return _TWINS_OF_A_VARIABLE
        if first:
            return _TWINS_ALONE if beside > log_words.WORDS_BESIDE_NAMES else sys.maxsize
        if any("<" in row[position] for row in rows):
            return _TWINS_OF_A_VARIABLE
        return _TWIN_VALUES if beside else _TWINS_ALONE

    def _become(self, template_id: str, wider: str) -> None:
        source, target = self.resolve(template_id), self.resolve(wider)
        if source != target:
            self._merged_into[source] = target


def _id(scope: str, words: tuple[str, ...]) -> str:
    text = " ".join(words)
    return digest(f"{scope}\0{text}" if scope else text)


def _varied(scope: str, rows: list[tuple[str, ...]], places: tuple[int, ...]) -> tuple[str, ...] | None:
    """The rows as one, where the words in which they differ are variables."""
    first = log_words.speakers(rows[0]) or (0 if scope else 1)
    if len(rows) < _TWIN_VALUES or places[0] < first or not all(_vary_together(rows, place) for place in places):
        return None
    general = log_words.general(rows[0], places)
    return general if sum(map(log_words.is_plain, general)) >= max(log_words.WORDS_BESIDE_NAMES, len(places)) else None


def _vary_together(rows: list[tuple[str, ...]], place: int) -> bool:
    values = {row[place] for row in rows}
    return len(values) >= _TWIN_VALUES and all("<" not in value and log_words.may_vary(value) for value in values)

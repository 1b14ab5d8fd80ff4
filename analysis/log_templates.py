r"""Log messages to templates in one pass, with nothing to configure.

`mask` looks at one message alone: what is a variable by its form (number, time, address, id, path, quoted text)
becomes a typed token. `TemplateMiner` looks at many: where masked messages differ in names only (`mod_ssl`,
`user=bob`), or in one word that takes several values, these words are variables too.

>>> mask("order 4711 of bob@example.org failed after 30 ms at 10.0.0.7:8080")
'order <num> of <email> failed after <duration> at <addr>'
>>> miner = TemplateMiner()
>>> ids = [miner.add(f"Invalid user {name} from 10.0.0.7") for name in ("admin", "oracle", "test")]
>>> {miner.template(id) for id in ids}
{'Invalid user <*> from <addr>'}

References: He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017 (one pass, a group a
template); Zhu et al., "Tools and Benchmarks for Automated Log Parsing", ICSE-SEIP 2019 (the Loghub scores).
"""

import re
from collections import deque
from functools import lru_cache
from hashlib import blake2b
from itertools import compress, count
from operator import ne

MAX_MESSAGE_CHARS = 4096
"""What is looked at of a message; the rest of a 10 MB line says nothing about its template."""
MAX_TEMPLATES = 5_000
"""Templates a miner keeps, merged ones included; real services have some hundreds."""
OVERFLOW = "overflow"
"""Id of all messages that came when the miner was full."""

# Longer words are payload (base64, JSON without blanks), not text.
_MAX_WORD_CHARS = 512
# Words compared for twins; each costs one dictionary entry a template.
_MAX_TWIN_WORDS = 40
# Different values that make a word a variable. Two would merge `opened` and `closed`.
_TWIN_VALUES = 3
# The same where little else of the message stays: one plain word, or none.
_TWINS_BESIDE_A_WORD = 4
_TWINS_ALONE = 8
# The same where one of them holds a variable by its form: `10.0.0.7` and `localhost`, `eth0` and `lo`.
_TWINS_OF_A_VARIABLE = 2
# Plain words that messages must share for their names to be variables.
_WORDS_BESIDE_NAMES = 2
# Templates of one length and first word that a new one is compared with.
_RECENT = 8
# Distinct words remembered, but for their digits: those of a service's log recur.
_MAX_WORDS = 50_000
# Messages remembered: but for their digits, to answer for those that recur without looking at their words; and masked,
# to answer without looking for twins.
_MAX_SEEN = 20_000
# No rule here asks which digit it is, but for the zero of `0x`.
_ANY_DIGIT = bytes.maketrans(b"023456789", b"1" * 9)
_ANY_BUT_ZERO = bytes.maketrans(b"23456789", b"1" * 8)

_TYPES = (
    # What redaction put there: `<email:3f2a9c1b>`.
    ("pseudonym", r"<[a-z_-]{1,30}:[0-9a-f]{8}>"),
    ("url", r"[A-Za-z][A-Za-z0-9+.\-]{1,15}+://[^\s\"'<>()\[\]{},;]++"),
    ("email", r"(?<![\w.+-])[\w.+-]{1,64}+@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++"),
    ("uuid", r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![0-9A-Za-z])"),
    (
        "time",
        r"(?<!\d)\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
        r"(?:[T_:-]\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?(?!\w)"
        r"|(?<![\d:])\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?(?![\w:])",
    ),
    # Addresses: IPv4 with port, host name with port, name of three parts or more, dotted value of a key.
    ("addr", r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w)(?!\.\w)(?::\d{1,5}\b)?"),
    ("mac", r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])"),
    ("path", r"(?<![\w<>.*)/-])(?:/[\w.@%+~$*-]++){2,}+/?|(?<!\w)[A-Za-z]:\\[^\s\"',;)]*+"),
    (
        "host",
        r"(?<![\w.@<>-])(?:[A-Za-z0-9][A-Za-z0-9-]*+\.)++[a-z]{2,6}:\d{1,5}\b"
        r"|(?<![\w.@<>-])(?:[A-Za-z0-9][A-Za-z0-9-]*+\.){2,}+[a-z]{2,12}(?![\w.(:])"
        r"|(?<==)(?:[a-z0-9][a-z0-9-]*+\.)++[a-z]{2,6}(?![\w.(:])",
    ),
    ("id", r"(?<=[A-Za-z]_)-?\d[\w-]*+"),
    (
        "hex",
        r"0[xX][0-9a-fA-F]++"
        r"|(?<![0-9A-Za-z])(?:(?=[A-F]*+\d)(?=\d*+[A-F])[0-9A-F]{6,}+|(?=[a-f]*+\d)(?=\d*+[a-f])[0-9a-f]{6,}+|f{8})"
        r"(?![0-9A-Za-z])",
    ),
    ("num", r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})++(?!\d)|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?|\d+"),
)
_TYPED = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _TYPES))
# Whether a word can hold anything of the above; most words cannot.
_MAY_BE_TYPED = re.compile(r"[0-9@/\\]|\w\.\w|f{8}|<\w+:").search
# 'price' names something in code and stays; 'two words' or "anything" is data.
_QUOTED = re.compile(r"\"[^\"]{1,200}\"|(?<!\w)'(?![A-Za-z_.]{1,40}')[^']{1,200}'(?!\w)")

# Over the whole masked message: values of several words, or written twice in two units. The first text is part of all
# that the pattern finds: looking for it is much faster.
_PHRASES = (
    (
        "<num>",
        re.compile(
            r"(?:\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}[,.]? )?(?:<num>[ /.-])?"
            r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}(?:[ /,.:-]{1,2}<(?:num|time)>)+"
            r"(?: [A-Z]{3,4}(?!\w))?(?: <num>(?!\w))?"
        ),
        "<time>",
    ),
    ("<time> ", re.compile(r"<time> [AaPp]\.?[Mm]\.?(?!\w)"), "<time>"),
    ("<time> <time>", re.compile(r"<time> <time>"), "<time>"),
    ("<num>", re.compile(r"<num> ?(?:(?:[KMGT]i?)?B|bytes?)(?: ?\(<num> ?[KMGT]?i?B\))?(?!\w)"), "<size>"),
    (
        "<num>",
        re.compile(r"<num> ?(?:ns|us|µs|ms|s|secs?|seconds?|min|minutes?|hours?|days?|MILLISECONDS|SECONDS)(?!\w)"),
        "<duration>",
    ),
    ("<<", re.compile(r"<(?=<duration>|<num>)"), ""),
    ("<addr>", re.compile(r"<addr> ?\((?:<addr>|[\w.<>-]*)\)"), "<addr>"),
    (">", re.compile(r"(<(\w+)>)(?:(?:, ?| - |[ .:/_-])<\2>|[.:/_-]<num>)+"), r"\1"),
    ("[", re.compile(r"\[[^\[\]]{1,500}, [^\[\]]{1,500}\]"), "[<list>]"),
)
# What has the form of a name: a variable where messages differ in names alone.
_NAME = re.compile(r"\w[\w-]*[_./:@\\$#]\w|<|[a-z][A-Z]").search
_PLAIN = re.compile(r"[^\W\d_]{2}").search
# Key and opening quote, the value, closing marks.
_VALUE = re.compile(r"((?:[^=]*=)?[\"']*)(.*?)([,;:.)\]}\"']*)\Z", re.DOTALL)


def mask(message: str) -> str:
    """The message with typed variables replaced and blanks made single; depends on nothing but the message.

    Quoted identifiers stay (`KeyError: 'price'` and `'stock'` are two errors).
    """
    return _phrases(_typed(message))


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
        self._twins: dict[int, list[str]] = {}
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
        shape = _shape(message[:MAX_MESSAGE_CHARS])
        known = self._seen.get((scope, shape))
        if known is None:
            text = _typed(shape.decode("utf-8", "surrogatepass"))
            known = self._seen.get((scope, text))
            if known is None:
                known = self._place(scope, tuple(_phrases(text).split(" ")))
            if len(self._seen) >= _MAX_SEEN:
                self._seen.clear()
            self._seen[scope, text] = self._seen[scope, shape] = known
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
        slots = _slots(scope, words)
        known = self._fitting(scope, words, slots)
        if known is not None:
            return known
        if len(self._templates) >= self.max_templates:
            return OVERFLOW
        form = _form(scope, words)
        alike = self._alike.get(form) if form is not None else None
        if alike is not None:
            words = _wider(self.template(alike), words)
            slots = _slots(scope, words)
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
            if all(a in (b, _wildcard(b)) for a, b in zip(general, words, strict=True)):
                return wider
        return None

    def _new(self, scope: str, words: tuple[str, ...], slots: list[tuple[int, int]]) -> str:
        template_id = _id(scope, words)
        self._templates[template_id] = " ".join(words)
        for position, slot in slots:
            if not _may_vary(words[position]):
                continue
            twins = self._twins.setdefault(slot, [])
            twins.append(template_id)
            if len(twins) > 1 and len(twins) >= self._enough(twins, position):
                general = self._place(scope, (*words[:position], _wildcard(words[position]), *words[position + 1 :]))
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
        first = _first_place(scope, words)
        for places, others in pairs.items():
            rows = [*others, words]
            if places[0] >= first and all(_vary_together(rows, place) for place in places):
                general = tuple(_wildcard(word) if i in places else word for i, word in enumerate(words))
                if sum(map(_is_plain, general)) >= max(_WORDS_BESIDE_NAMES, len(places)):
                    wider = self._place(scope, general)
                    if wider != OVERFLOW:
                        self._compared.setdefault(kind, deque(maxlen=_RECENT)).append((general, wider))
                        for row in rows:
                            self._become(_id(scope, row), wider)
                    return

    def _enough(self, twins: list[str], position: int) -> int:
        """How many values make the word at this position a variable."""
        rows = [self._templates[twin].split(" ") for twin in twins[:_TWIN_VALUES]]
        if any("<" in row[position] for row in rows):
            return _TWINS_OF_A_VARIABLE
        beside = sum(map(_is_plain, rows[0])) - _is_plain(rows[0][position])
        return _TWIN_VALUES if beside > 1 else _TWINS_BESIDE_A_WORD if beside else _TWINS_ALONE

    def _become(self, template_id: str, wider: str) -> None:
        source, target = self.resolve(template_id), self.resolve(wider)
        if source != target:
            self._merged_into[source] = target


def _shape(message: str) -> bytes:
    """The message with all digits alike: messages of one shape have one template.

    As bytes, whose digits are changed twenty times faster than those of a text.
    """
    table = _ANY_BUT_ZERO if "0x" in message or "0X" in message else _ANY_DIGIT
    return message.encode("utf-8", "surrogatepass").translate(table)


def _typed(message: str) -> str:
    message = message[:MAX_MESSAGE_CHARS]
    if '"' in message or "'" in message:
        message = _QUOTED.sub(lambda match: f"{match[0][0]}<str>{match[0][0]}", message)
    return " ".join(map(_typed_word, message.split()))


@lru_cache(maxsize=_MAX_WORDS)
def _typed_word(word: str) -> str:
    if len(word) > _MAX_WORD_CHARS:
        return "<long>"
    if word.isdecimal():  # most of the words that never recur
        return "<num>"
    if not _MAY_BE_TYPED(word):
        return word
    return _TYPED.sub(_token, word)


def _token(match: re.Match[str]) -> str:
    if match.lastgroup == "pseudonym":
        return f"{match[0].partition(':')[0]}>"
    return "<addr>" if match.lastgroup == "host" else f"<{match.lastgroup}>"


def _phrases(text: str) -> str:
    if "<" not in text and "[" not in text:  # no value, no phrase of values
        return text
    for part, pattern, replacement in _PHRASES:
        if part in text:
            text = pattern.sub(replacement, text)
    return _listed_once(text)


def _listed_once(text: str) -> str:
    """A list of values, however long, is one variable."""
    words = text.split(" ")
    return " ".join(w for i, w in enumerate(words) if not (i and w == words[i - 1] and "<" in w))


def _slots(scope: str, words: tuple[str, ...]) -> list[tuple[int, int]]:
    """Places whose word may be a variable, each with the hash of all the others' words."""
    if len(words) > _MAX_TWIN_WORDS:
        return []
    after = [0]
    for word in reversed(words):
        after.append(hash((after[-1], word)))
    found, before, first = [], hash(scope), _first_place(scope, words)
    for position, word in enumerate(words):
        if position >= first and "<*>" not in word:
            found.append((position, hash((before, word[: word.find("=") + 1], after[-2 - position]))))
        before = hash((before, word))
    return found


def _first_place(scope: str, words: tuple[str, ...]) -> int:
    """Where variables begin: first words, up to the last that ends in a colon, say who speaks or what happened."""
    speakers = next((i for i, word in enumerate(words) if not word.endswith(":")), len(words))
    return speakers if scope else max(speakers, 1)


def _id(scope: str, words: tuple[str, ...]) -> str:
    text = " ".join(words)
    return digest(f"{scope}\0{text}" if scope else text)


def _form(scope: str, words: tuple[str, ...]) -> int | None:
    """Of messages that differ in names alone, the same; None where too few plain words would stay."""
    blank = tuple(map(_without_name, words))
    # The first word says most: more must be left where it goes.
    enough = _WORDS_BESIDE_NAMES + (blank[0] != words[0] and not scope)
    return hash((scope, blank)) if sum(map(_is_plain, blank)) >= enough else None


@lru_cache(maxsize=_MAX_WORDS)
def _without_name(word: str) -> str:
    match = _VALUE.match(word)
    # What ends in a colon says who speaks.
    if not match or not match[2] or word.endswith(":"):
        return word
    key, value, end = match.groups()
    # `user=bob` has a name and `READ_ONLY` is a state.
    named = key.find("=") > 0 or (_NAME(value) and not _is_state(value.replace("_", "")))
    return f"{key}<*>{end}" if named else word


def _wider(template: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """These words, without the names in which they differ from a template of the same form."""
    old = template.split(" ")
    return tuple(a if a == b or "<*>" in a else _without_name(b) for a, b in zip(old, words, strict=False))


def _vary_together(rows: list[tuple[str, ...]], place: int) -> bool:
    values = {row[place] for row in rows}
    return len(values) >= _TWIN_VALUES and all("<" not in value and _may_vary(value) for value in values)


def _is_plain(word: str) -> bool:
    return "<" not in word and _PLAIN(word) is not None


def _is_state(word: str) -> bool:
    return word.isupper() and word.isalpha()


def _may_vary(word: str) -> bool:
    """Words in capitals are states, one or two characters are operators: they join a variable but do not make one."""
    return len(word) > 2 and not _is_state(word)


def _wildcard(word: str) -> str:
    return _VALUE.sub(r"\1<*>\3", word, count=1)

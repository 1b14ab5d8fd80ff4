"""The words of a masked message: which are names, states or plain, and where a message has room for variables."""

import re
from functools import lru_cache, reduce
from operator import xor

# Words looked at one by one; each costs the miner one dictionary entry a template.
_MAX_PLACES = 40
# Plain words that messages must share for their names to be variables.
WORDS_BESIDE_NAMES = 2
# Distinct words remembered.
_MAX_WORDS = 50_000

# What has the form of a name: a variable where messages differ in names alone. `with_underscores` are more often
# functions, which tell messages apart.
_NAME = re.compile(r"[./:@\\$#]\w|<").search
_PLAIN = re.compile(r"[^\W\d_]{2}").search
# Key and opening marks, the value, closing marks.
_VALUE = re.compile(r"((?:[^=]*=)?[\"'(\[{]*)(.*?)([,;:.)\]}\"']*)\Z", re.DOTALL)

# The word with which what is told begins.
_TELLS = re.compile(r"\b(?:msg|message)\"?[=:]").search
_OPENING = ("(", "[", "{", '"', "'")
_PLURALS = ("(s)", "(es)")
_ENCLOSED = re.compile(r"(?:[^=]*=)?[\[\"'({].*[\]\"')}][,.:;]*\Z").match


def slots(scope: str, words: tuple[str, ...]) -> list[tuple[int, int]]:
    """Places whose word may be a variable, each with a hash of the key in it and of all the others' words."""
    if len(words) > _MAX_PLACES:
        return []
    hashes = list(map(hash, enumerate(words)))
    # Each word can be taken out of this again.
    whole = reduce(xor, hashes, hash(scope))
    found = []
    for place in range(speakers(words), len(words)):
        word = words[place]
        if "<*>" not in word:
            others = whole ^ hashes[place]
            found.append((place, others ^ hash(word[: word.find("=") + 1]) if "=" in word else others))
    return found


def speakers(words: tuple[str, ...]) -> int:
    """How many words at the start end in a colon: they say who speaks, and never vary."""
    found = 0
    while found < len(words) and words[found].endswith(":"):
        found += 1
    return found


def form(scope: str, words: tuple[str, ...]) -> int | None:
    """Of messages that differ in names alone, the same; None where too few plain words would stay."""
    blank = tuple(map(without_name, words))
    # The first word says most, unless the scope does: more must be left where it goes.
    enough = WORDS_BESIDE_NAMES + (blank[0] != words[0] and not scope)
    return hash((scope, blank)) if sum(map(is_plain, blank)) >= enough else None


@lru_cache(maxsize=_MAX_WORDS)
def without_name(word: str) -> str:
    """The word with a wildcard for a name or the value of a key, or as it is."""
    match = _VALUE.match(word)
    # What ends in a colon says who speaks.
    if not match or word.endswith(":") or _TELLS(word):
        return word
    key, value, end = match.groups()
    # `()` and `''` are names as well, and empty.
    named = key.find("=") > 0 or _NAME(value) if value else key.endswith(_OPENING) and end
    return f"{key}<*>{end}" if named else word


def wider(template: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """These words, without the names in which they differ from a template of the same form."""
    old = template.split(" ")
    return tuple(a if a == b or "<*>" in a else without_name(b) for a, b in zip(old, words, strict=False))


@lru_cache(maxsize=_MAX_WORDS)
def is_plain(word: str) -> bool:
    """Whether it is text, not a value, a number or a mark."""
    return "<" not in word and _PLAIN(word) is not None


def may_vary(word: str) -> bool:
    """Words in capitals are states, one or two characters are operators: they join a variable but do not make one.

    `item(s)` is text as well.
    """
    return len(word) > 2 and not (word.isupper() and word.isalpha()) and not word.endswith(_PLURALS)


def is_enclosed(word: str) -> bool:
    """Whether it stands alone in brackets or quotes, as values do."""
    return _ENCLOSED(word) is not None


def general(words: tuple[str, ...], places: tuple[int, ...]) -> tuple[str, ...]:
    """These words with wildcards in some places."""
    return tuple(wildcard(word) if i in places else word for i, word in enumerate(words))


def wildcard(word: str) -> str:
    """A wildcard for the word's value; key, quotes and closing marks stay."""
    return _VALUE.sub(r"\1<*>\3", word, count=1)

r"""One log message without its values: what is a variable by its form becomes a typed token.

>>> mask("order 4711 of bob@example.org failed after 30 ms at 10.0.0.7:8080")
'order <num> of <email> failed after <duration> at <addr>'
"""

import re
from collections.abc import Callable
from functools import lru_cache

MAX_MESSAGE_CHARS = 4096
"""What is looked at of a message; the rest of a 10 MB line says nothing about its template."""

# Longer words are payload (base64, JSON without blanks), not text.
_MAX_WORD_CHARS = 512
# Distinct words remembered, but for their digits: those of a service's log recur.
_MAX_WORDS = 50_000
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
# 'price' names something in code and stays; 'two words' or "anything" is data. In JSON and in `level=info msg="..."`
# keys stay, and so does what is told under `msg`.
_QUOTED = re.compile(
    r"(?P<kept>(?:\b(?:msg|message)=|\"(?:msg|message)\": ?)\"[^\"]*+\"?|(?:(?<=[{,])|(?<=[{,] ))\"[\w.@-]{1,60}\":)"
    r"|\"[^\"]{1,200}\"|(?<!\w)'(?![A-Za-z_.]{1,40}')[^']{1,200}'(?!\w)"
)

# An object as Python and others write it (`<GET http://shop/>`, `<Thread at 0x7f02>`), and what GNU's tools quote.
_OBJECT = re.compile(r"<\w[\w.]* [^<>]{1,200}>|\u2018[^\u2018\u2019]{1,200}\u2019")

# Over the whole masked message: values of several words, or written twice in two units. The first text is part of all
# that the pattern finds: looking for it is much faster.
_PHRASES = (
    (
        "<num>",
        re.compile(
            r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?<!\w...)[a-z]{0,6}(?:[ /,.:-]{1,2}<(?:num|time)>)+"
            r"(?: [A-Z]{3,4}(?!\w))?(?: <num>(?!\w))?"
        ),
        "<time>",
    ),
    ("<time>", re.compile(r"<num>[/.-]<time>"), "<time>"),
    (
        "<time>",
        re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?<!\w...)[a-z]{0,6}[,.]? (?:<num> )?<time>"),
        "<time>",
    ),
    ("<time> ", re.compile(r"<time> [AaPp]\.?[Mm]\.?(?!\w)"), "<time>"),
    ("<num>", re.compile(r"<num> ?(?:(?:[KMGT]i?)?B|bytes?)(?: ?\(<num> ?[KMGT]?i?B\))?(?!\w)"), "<size>"),
    (
        "<num>",
        re.compile(r"<num> ?(?:ns|us|µs|ms|s|secs?|seconds?|min|minutes?|hours?|days?|MILLISECONDS|SECONDS)(?!\w)"),
        "<duration>",
    ),
    ("[", re.compile(r"\[(?:[^\[\],]|,(?! ))++, [^\[\]]*+\]"), "[<list>]"),
)


def mask(message: str) -> str:
    """The message with typed variables replaced and blanks made single; depends on nothing but the message.

    Quoted identifiers stay (`KeyError: 'price'` and `'stock'` are two errors).
    """
    return phrases(typed(message))


def shape(message: str) -> bytes:
    """The message with all digits alike: messages of one shape have one template.

    As bytes, whose digits are changed twenty times faster than those of a text.
    """
    table = _ANY_BUT_ZERO if "0x" in message or "0X" in message else _ANY_DIGIT
    return message.encode("utf-8", "surrogatepass").translate(table)


def typed(message: str) -> str:
    """The first half of `mask`, word by word: values of one word, and quoted text."""
    message = in_one(message[:MAX_MESSAGE_CHARS], "<text>")
    return " ".join(map(_typed_word, message.split()))


def in_one(message: str, value: str, stays: Callable[[str], object] = lambda quoted: False) -> str:
    """The message with `value` for written objects of several words and for what is quoted.

    Args:
        message: any text.
        value: what stands in it afterwards, within the quotes.
        stays: whether quoted text, quotes included, stays as it is.
    """

    def unquoted(match: re.Match[str]) -> str:
        return match["kept"] or (match[0] if stays(match[0]) else f"{match[0][0]}{value}{match[0][0]}")

    if "<" in message or "\u2018" in message:
        message = _OBJECT.sub(value, message)
    return _QUOTED.sub(unquoted, message) if '"' in message or "'" in message else message


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


def phrases(text: str) -> str:
    """The second half of `mask`, over what `typed` gave: values of several words."""
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

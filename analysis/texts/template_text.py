r"""What a log template looks like to people: as its messages were written, with `<*>` for what differs between them.

`log_templates` decides which messages belong together, and for that it throws away what one cannot group by: units,
ports, blanks, digits inside words. Here a few messages of each template are kept, and whatever is the same in all of
them stands in the text as it was written.

>>> miner = TemplateMiner()
>>> texts = TemplateTexts(miner)
>>> for tries, port in ((1, 8030), (2, 8031)):
...     message = f"retry of 10.0.0.7:{port} in {tries} s,  ssh2"
...     texts.keep(miner.add(message), message)
>>> list(texts.all().values())
['retry of <*>:<*> in <*> s,  ssh2']
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from .log_masks import MAX_MESSAGE_CHARS, in_one
from .log_templates import OVERFLOW, TemplateMiner

FIRST_KEPT = 4
"""Messages of a template that are kept, the first ones; later only those whose number is a power of two."""
VARIABLE = "<*>"
# Different words, and sets of values of one, remembered with what stands for them.
_MAX_WORDS = 10_000

# A variable by its form, however often it is the same. What differs is one too, whatever its form.
_VARIABLES = (
    # What redaction put there.
    ("pseudonym", r"<[a-z_-]{1,30}:[0-9a-f]{8}>"),
    # An address of the web is one value; of others (`hdfs://<*>`) the scheme says what they are.
    ("web", r"(?:https?|wss?|ftp|file)://[^\s\"'<>()\[\]{},;]++"),
    ("url", r"(?<=://)[^\s\"'<>()\[\]{},;]++"),
    ("email", r"(?<![\w.+-])[\w.+-]{1,64}+@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++"),
    ("uuid", r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![0-9A-Za-z])"),
    ("mac", r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])"),
    ("date", r"(?<!\d)\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\w)"),
    ("id", r"(?<=[A-Za-z]_)-?\d[\w-]*+"),
    ("path", r"(?<![\w<>.*)/-])/[\w.@%+~$*-]++(?:/[\w.@%+~$*-]++)+/?|(?<!\w)[A-Za-z]:\\[^\s\"',;)]*+"),
    ("relative path", r"(?<![\w.<>/@:-])(?:[\w.~-]*+/){2,}+[\w.~-]*+"),
    # `node-17`, as machines and files are called.
    ("numbered", r"(?<![\w.<>/@:-])[A-Za-z]++(?:-[A-Za-z]+)*-\d\w*+(?![\w.-])"),
    (
        "host",
        r"(?<![\w.@<>-])(?:[A-Za-z0-9][A-Za-z0-9-]*+\.){2,}+[a-z]{2,12}(?![\w.(])"
        r"|(?<![\w.@<>-])(?:[A-Za-z0-9][A-Za-z0-9-]*+\.)++[a-z]{2,6}(?=:\d)",
    ),
    (
        "hex",
        r"0[xX][0-9a-fA-F]++|(?<![0-9A-Za-z])(?=[0-9a-fA-F]*\d)(?=\d*[A-Fa-f])[0-9a-fA-F]{6,}+(?![0-9A-Za-z])",
    ),
    # After leaders as well: `enabled.....1`.
    ("leaders", r"(?<=\.\.)\d++(?:[.,]\d+)*"),
    ("num", r"(?<![A-Za-z\d.])-?\d++(?:[.,]\d+)*"),
)
# A variable, a word or a mark.
_REST = r"([A-Za-z_$]++|\d++)|(\s+|.)"
_PART = re.compile(rf"({'|'.join(form for _, form in _VARIABLES)})|{_REST}", re.DOTALL)
# Whether a word can hold a variable by its form; most words cannot.
_MAY_VARY = re.compile(r"[0-9@/\\<]|\w\.\w").search
# Quoted, and yet it says what it is: `"power.WakeLock"`, `'task_17'`, `"10.0.0.7:80"`.
_IN_CODE = re.compile(r"[A-Za-z]_\d|\.[A-Z]|:\d{1,5}\W\Z").search
# The word that varies has parts of its own: a call, a host and its port.
_HAS_PARTS = re.compile(r"\w[(\[]|:\d{1,5}\W*\Z").search
_BLANKS = re.compile(r"(\s+)")
_is_blank = str.isspace
_TWICE = re.compile(r"(?:<\*>){2,}")
_TYPED = re.compile(r"<[a-z]+>")


_Part = tuple[str, str, str]
"""A piece of a message, as a variable, a word or a mark; the other two are empty."""


class TemplateTexts:
    """Keeps messages of the templates that a miner finds, and writes their texts.

    Args:
        miner: whose ids come with the messages.
    """

    def __init__(self, miner: TemplateMiner) -> None:
        self._miner = miner
        self._counts: dict[str, int] = {}
        self._kept: dict[str, list[str]] = {}

    def keep(self, template_id: str, message: str) -> None:
        """A message and the id that the miner gave it; few are kept."""
        count = self._counts[template_id] = self._counts.get(template_id, 0) + 1
        if count <= FIRST_KEPT or count & (count - 1) == 0:
            self._kept.setdefault(template_id, []).append(message[:MAX_MESSAGE_CHARS])

    def all(self) -> dict[str, str]:
        """Id, as it goes now -> text.

        Templates that differ in the types of their variables alone (a number that now and then looks like hex) get one
        text. Others never do: where two would, the later one keeps the form that the miner has.
        """
        forms: dict[str, str] = {}
        kept: dict[str, list[list[str]]] = {}
        for first_id, messages in self._kept.items():
            if first_id != OVERFLOW:
                id_ = self._miner.resolve(first_id)
                typed = self._miner.template(id_)
                forms[id_] = _TYPED.sub(VARIABLE, typed)
                kept.setdefault(forms[id_], []).extend(_with_variables(message, typed) for message in messages)
        texts: dict[str, str] = {}
        taken: set[str] = set()
        for form, rows in kept.items():
            text = _text_of(rows, form)
            texts[form] = form if text in taken else text
            taken.add(texts[form])
        return {id_: texts[form] for id_, form in forms.items()}


def text_of(messages: Sequence[str], form: str) -> str:
    """The text of a template.

    Args:
        messages: of this template, at least one.
        form: the template as the miner has it, without types.

    >>> text_of(["job 7 ok", "job 8 ok"], "job <*> ok")
    'job <*> ok'
    """
    return _text_of([_BLANKS.split(message) for message in messages], form)


def _text_of(rows: Sequence[list[str]], form: str) -> str:
    """The same for messages as words and the blanks between them."""
    if len(set(map(len, rows))) > 1:
        return form
    return _unpadded("".join(map(_column, zip(*rows, strict=True))))


def _column(column: tuple[str, ...]) -> str:
    first = column[0]
    # Most words are always the same and hold nothing to look for.
    if column.count(first) == len(column) and not _MAY_VARY(first):
        return first
    # Blanks of several widths pad a value (`%5d`): one of them is the text's.
    return " " if _is_blank(first) else _word(tuple(dict.fromkeys(column)))


def _unpadded(text: str) -> str:
    """The same without what pads a value at the start."""
    return text.lstrip(" ") if text.startswith(" ") and text.lstrip(" ").startswith(VARIABLE) else text


def _with_variables(message: str, typed: str) -> list[str]:
    """The words and blanks of the message, but for the words that the miner has seen to vary."""
    words = _BLANKS.split(in_one(message, VARIABLE, _IN_CODE))
    if VARIABLE in typed:
        seen = typed.split(" ")
        if len(words) // 2 + 1 == len(seen):
            words[::2] = [_seen_as(old, new) for old, new in zip(words[::2], seen, strict=True)]
    return words


def _seen_as(old: str, new: str) -> str:
    return new if VARIABLE in new and not _HAS_PARTS(old) else old


@lru_cache(maxsize=_MAX_WORDS)
def _word(values: tuple[str, ...]) -> str:
    """What stands for the different values of one word."""
    rows = [_PART.findall(value) for value in values]
    marks = [mark for _, _, mark in rows[0]]
    if all([mark for _, _, mark in row] == marks for row in rows[1:]):
        return _TWICE.sub(VARIABLE, "".join(map(_common, zip(*rows, strict=True))))
    before = _shared_start(values)
    after = _shared_start([value[::-1] for value in values])[::-1]
    # Only whole parts stay: `pre<*>` of `pretty` and `prefix` would tell nothing.
    return _TWICE.sub(VARIABLE, re.sub(r"\w+\Z", "", before) + VARIABLE + re.sub(r"\A\w+", "", after))


def _shared_start(texts: Sequence[str]) -> str:
    least, greatest = min(texts), max(texts)
    return least[: next((i for i, (a, b) in enumerate(zip(least, greatest, strict=False)) if a != b), len(least))]


def _common(column: tuple[_Part, ...]) -> str:
    first = column[0]
    differs = first[0] or column.count(first) < len(column)
    return VARIABLE if differs else "".join(first)

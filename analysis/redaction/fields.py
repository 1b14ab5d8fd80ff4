"""What only its name tells: values of fields that hold secrets or name a person.

`password=x`, `"api_key": "x"`, `X-Auth-Token: x`, `--token x`, `\"token\":\"x\"`, `<lastName>x</lastName>`.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from .rule import Rule, Span

# What separates a name from its value; the name is read backwards from there, since most names are of no interest.
_SEPARATOR = re.compile(r"[:=](?:(?<==)>|(?<=:)=)?\s{0,3}")
_NAME_BACKWARDS = re.compile(r"\s{0,3}(?P<quote>[\"'])?\\*(?P<name>[\w.-]{2,100}(?: [A-Za-z]{2,20}(?![\w.-]))?)(?!<)")
_LONGEST_NAME = 110
_OPTION = re.compile(r"(?<![\w-])--?([A-Za-z][\w-]{1,60})[ =]([\"']?)([^\s\"']+)\2")
_ELEMENT = re.compile(r"<(?:[\w-]{1,40}:)?([\w.-]{2,60})(?:\s[^<>]{0,200})?>([^<>]{1,500})</")

_SECRETS = (
    r"(?P<password>passw(?:or)?d|passphrase)|secret|token|credentials?|authorization|signature|session[_-]?(?:id|key)"
    r"|(?:api|access|secret|private|account|signing|encryption)[_ -]?key"
    r"|(?:^|[^a-z])(?P<short>pwd|auth|sig|sid|otp|pin|cvv|cvc)"
)
_SECRET_NAME = re.compile(rf"(?:{_SECRETS})(?:[_-]?(?:value|hash))?$", re.IGNORECASE)
# `name` alone names hosts, files and jobs, too.
_PERSONS = (
    r"(?:first|last|full|given|family|middle|maiden|display|customer|contact|recipient|patient|passenger|billing|shipping"
    r"|card[_-]?holder|account[_-]?(?:holder|owner)|holder|beneficiary|sur|nick|user)[_-]?names?"
    r"|card[_-]?holder|account[_-]?holder|beneficiary|recipient"
    r"|(?:birth[_-]?(?:date|day)|date[_-]?of[_-]?birth|(?:^|[^a-z])dob)"
    r"|(?:^|[^a-z])ssn|social[_-]?security(?:[_-]?(?:number|no))?|passport(?:[_-]?(?:number|no|id))?|national[_-]?id|tax[_-]?id"
)
_PERSON_NAME = re.compile(rf"(?:{_PERSONS})$", re.IGNORECASE)

_VALUE = re.compile(
    r"\\*(?P<open>[\"'])(?P<quoted>.*?)(?:\\*(?P=open)(?!\w)|\Z)|(?P<plain>[^\s\"'\\,;&<>(){}\[\]]+)", re.DOTALL
)
# `authorization: ApiKey abc`: the scheme is no secret, what follows it is.
_CREDENTIAL = re.compile(r"[^\s\"',;]+")
_SCHEME = re.compile(r"[A-Za-z][\w-]{2,20} {1,2}(?=[^\s\"',;]{6})")
# The words of an unquoted name begin with capitals.
_MORE_NAMES = re.compile(
    r"(?: (?:(?:van|von|de|den|der|di|da|el|al|bin|la|le) )*[^\W\d_][\w.'\u2019-]*(?!\w*[=:])){0,4}"
)
# What stands after "password:" in a sentence, and what is no secret any more.
_NO_SECRETS = frozenset(
    {
        "", "null", "none", "nil", "undefined", "true", "false", "yes", "no", "is", "was", "not", "must", "too", "has",
        "for", "of", "the", "a", "an", "and", "or", "required", "missing", "invalid", "expired", "incorrect", "wrong",
        "empty", "unknown", "bearer", "basic", "digest",
    }
)  # fmt: skip
_MASKED = re.compile(r"[*x•.#-]+|\[?(?:redacted|filtered|masked|hidden)\]?|<\w+:[0-9a-f]{8}>", re.IGNORECASE)
# "token: 17" is a position, no token.
_SHORTEST_TOKEN = 4
_LONGEST_WORD = 20


def is_no_secret(value: str) -> bool:
    """What stands where a secret would, and is none."""
    return value.lower() in _NO_SECRETS or _MASKED.fullmatch(value) is not None


@lru_cache(maxsize=4_096)
def _secret_kind(name: str) -> str | None:
    """`password`, `short` or `other`; None when a value of this name is no secret."""
    found = _SECRET_NAME.search(name)
    if found is None:
        return None
    return "password" if found["password"] or found["short"] == "pwd" else "short" if found["short"] else "other"


@lru_cache(maxsize=4_096)
def _is_person(name: str) -> bool:
    return _PERSON_NAME.search(name) is not None


class _Field(NamedTuple):
    """A name and its value in a text."""

    name: str
    is_quoted: bool
    """The name; as in JSON."""
    value: str
    begin: int
    end: int
    is_plain: bool
    """The value stands in no quotes."""


def _field(match: re.Match[str], is_wanted: Callable[[str], object]) -> _Field | None:
    """The field around a separator, when its name is wanted."""
    text, at = match.string, match.start()
    found = _NAME_BACKWARDS.match(text[max(0, at - _LONGEST_NAME) : at][::-1])
    if found is None:
        return None
    name = found["name"][::-1]
    if not is_wanted(name):
        return None
    value = _VALUE.match(text, match.end())
    if value is None:
        return None
    group = "quoted" if value["open"] else "plain"
    return _Field(name, found["quote"] is not None, value[group], *value.span(group), value["open"] is None)


def _check_secret(match: re.Match[str]) -> Span | None:
    field = _field(match, _secret_kind)
    if field is None:
        return None
    if field.name.lower().endswith("authorization") and (scheme := _SCHEME.match(match.string, field.begin)):
        value = _CREDENTIAL.match(match.string, scheme.end())
        return value.span() if value and not is_no_secret(value[0]) else None
    if is_no_secret(field.value):
        return None
    kind = _secret_kind(field.name)
    in_sentence = match[0].startswith(":") and not match[0].startswith(":=") and not field.is_quoted and field.is_plain
    # A colon may stand in a sentence ("unexpected token: identifier", "sid:1"); `token: "x"`, token=x do not.
    is_plain_word = kind == "short" or _is_word(field.value) or len(field.value) < _SHORTEST_TOKEN
    if in_sentence and kind != "password" and is_plain_word:
        return None
    return field.begin, field.end


def _is_word(value: str) -> bool:
    return value.isalpha() and len(value) < _LONGEST_WORD and (value.islower() or value.istitle() or value.isupper())


def _check_named(is_wanted: Callable[[str], bool]) -> Callable[[re.Match[str]], Span | None]:
    """Check for values of names that are told by themselves."""

    def check(match: re.Match[str]) -> Span | None:
        field = _field(match, is_wanted)
        if field is None or not field.value:
            return None
        end = field.end
        if field.is_plain and field.value[0].isupper() and (more := _MORE_NAMES.match(match.string, end)):
            end = more.end()
        return None if is_no_secret(match.string[field.begin : end]) else (field.begin, end)

    return check


def _check_last_group(is_name: Callable[[str], object]) -> Callable[[re.Match[str]], Span | None]:
    """Check for options and elements, whose pattern holds the value."""

    def check(match: re.Match[str]) -> Span | None:
        return match.span(match.re.groups) if is_name(match[1]) and not is_no_secret(match[match.re.groups]) else None

    return check


def field_rule(fields: Iterable[str]) -> Rule:
    """The rule for names that a project gives itself, elements and options apart.

    Args:
        fields: compared without case, blanks, `_` and `-`.
    """
    names = {_squeezed(field) for field in fields}
    return Rule("field", None, _SEPARATOR, _check_named(lambda name: _squeezed(name) in names))


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_.-]", "", name).lower()


def _hint(names: str) -> str:
    """RE2 needs neither names of groups nor what stands before: a hint may say yes wrongly."""
    return re.sub(r"\(\?P<\w+>", "(?:", names).replace("(?:^|[^a-z])", "")


_BEHIND = r"(?:[_-]?(?:value|hash))?"
FIELD_RULES: tuple[Rule, ...] = (
    Rule("secret", rf"(?i)(?:{_hint(_SECRETS)}){_BEHIND}[^\w:=]*[:=]", _SEPARATOR, _check_secret),
    Rule("secret", rf"(?i)-[\w-]*(?:{_hint(_SECRETS)})[ =]", _OPTION, _check_last_group(_secret_kind)),
    Rule(
        "secret", rf"(?i)(?:{_hint(_SECRETS)}){_BEHIND}(?:\s[^<>]*)?>[^<>]", _ELEMENT, _check_last_group(_secret_kind)
    ),
    Rule("person", rf"(?i)(?:{_hint(_PERSONS)})[^\w:=]*[:=]", _SEPARATOR, _check_named(_is_person)),
    Rule("person", rf"(?i)(?:{_hint(_PERSONS)})(?:\s[^<>]*)?>[^<>]", _ELEMENT, _check_last_group(_is_person)),
)
"""In the order they are applied."""

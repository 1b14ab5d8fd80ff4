"""The last look at a generated file before it is written: does it hold a secret or somebody's data?

It errs on the side of refusing. Recorded text was redacted on its way in; what is found here slipped through, and a
file that people commit is the last place where it can be stopped.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

MAX_CHARS = 1_000_000
"""Longer texts are not read, and so refused."""


class Leak(NamedTuple):
    """Something that must not be written."""

    line: int
    """From 1."""
    kind: str
    shown: str
    """Enough to find it, too little to use it."""


_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("private key", re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY")),
    ("access key", re.compile(r"\b(?:AKIA|ASIA|AIza|ya29\.|AGE-SECRET-KEY-)[\w-]{12,}")),
    ("token", re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|npm_|pypi-|hf_|dop_v1_)[\w-]{10,}")),
    ("payment key", re.compile(r"\b(?:sk|pk|rk|whsec)_(?:live_|test_)?[0-9A-Za-z]{10,}")),
    ("JSON web token", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}")),
    ("credentials", re.compile(r"\b(?i:bearer|basic)\s+(?=\S{0,200}[0-9A-Z=])[\w+/=.~-]{12,}")),
    ("password in a URL", re.compile(r"://[^\s/:@\"']{0,100}:[^\s/@\"']{1,100}@")),
    (
        "secret value",
        # After a colon words are prose (`InvalidToken: not enough segments`); a value has a digit.
        re.compile(
            r"(?i)(?:passw(?:or)?d|pwd|secret|token|api_?-?key|auth(?:orization)?|session_?-?id|\bsid)[\"']?"
            r"(?:=[\"']?(?![\"'{<$*])|\s?:\s?[\"']?(?=[^\s\"'&;,]{0,200}\d))[^\s\"'&;,]{4,}"
        ),
    ),
    # `logo@2x.png` is a picture.
    ("e-mail address", re.compile(r"[\w.+-]{1,64}@(?!\dx\.)[0-9A-Za-z-]{1,63}(?:\.[0-9A-Za-z-]{1,63})+")),
    # Nothing that a person wrote: three digits or more and both cases in one long word, or a long hexadecimal number.
    (
        "random text",
        re.compile(r"(?<![\w-])(?=(?:[A-Za-z_-]*\d){3})(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{24,}", re.ASCII),
    ),
    ("random text", re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{40,}(?![0-9A-Za-z])")),
)
# Payment cards have 14 to 19 digits and begin with 2 to 6; a time in milliseconds or nanoseconds does not.
_CARD = re.compile(r"(?<![\d.])[2-6](?:[ -]?\d){13,18}(?![\d.])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,4})?\b")


def scan(text: str) -> tuple[Leak, ...]:
    """All that must not be written, in order of lines; empty means that the text may be.

    Percent-encoded text is looked at decoded too, once and twice.
    """
    if len(text) > MAX_CHARS:
        return (Leak(1, "too long to be checked", f"{len(text):,} characters, expected {MAX_CHARS:,} at most"),)
    leaks: set[Leak] = set()
    for number, line in enumerate(text.splitlines(), 1):
        decoded = unquote(line)
        for variant in {line, decoded, unquote(decoded)}:
            for kind, found in _found(variant):
                leaks.add(Leak(number, kind, f"{found[:4]}… ({len(found)} characters)"))
    return tuple(sorted(leaks))


def _found(line: str) -> Iterator[tuple[str, str]]:
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(line):
            yield kind, match[0]
    for match in _CARD.finditer(line):
        if _luhn(re.sub(r"\D", "", match[0])):
            yield "card number", match[0]
    for match in _IBAN.finditer(line):
        if _iban(match[0].replace(" ", "")):
            yield "bank account", match[0]


def _luhn(digits: str) -> bool:
    """Check digit of cards, ISO/IEC 7812-1 annex B."""
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def _iban(account: str) -> bool:
    """Check digits of bank accounts, ISO 13616: the number modulo 97 is 1, letters counting from 10."""
    return int("".join(str(int(c, 36)) for c in account[4:] + account[:4])) % 97 == 1

"""Personal data and secrets out of text, before it is stored.

Each find becomes a pseudonym such as `<email:3f2a9c1b>`: the same value gives the same pseudonym (so one can still
count users), another key gives others, and nobody without the key can test a guess. The digest is that of the value
alone, so the same value found as two kinds can be recognised. Loopback addresses and versions that look like an
address are kept; private addresses are not, a person may sit behind them.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from socket import AF_INET6, inet_ntop, inet_pton
from types import MappingProxyType
from typing import TypeVar

import re2

from .redaction_fields import FIELD_RULES, field_rule
from .redaction_people import PEOPLE_RULES
from .redaction_rule import Rule, hints_of, whole
from .redaction_secrets import SECRET_RULES

# Secrets first: a password in a URL looks like an e-mail address.
RULES = (*SECRET_RULES, *FIELD_RULES, *PEOPLE_RULES)

ALL = frozenset(rule.kind for rule in RULES)
"""Every kind that can be asked for."""
# 32 bits: among 10,000 users one collision is to be expected in 86 data sets.
_DIGEST_HEX = 8
# Loggers, paths, user agents and users repeat: results for short texts are remembered, some MB at most.
_REMEMBERED = 8_192
_SHORT = 256
_HMAC_BLOCK = 64
"""Bytes of a block of SHA-256."""
_Key = TypeVar("_Key", str, tuple[str, str])
_NO_DIGIT = re.compile(r"\D+")


class Redactor:
    """Replaces what identifies people and what opens doors.

    Args:
        key: secret of the project; pseudonyms made with another key cannot be compared.
        kinds: what to look for, of ALL.
        fields: further names whose values are replaced, as `field`; case, blanks, `_` and `-` in them do not matter.
        patterns: further kinds and what they look like: regular expressions of RE2 (linear in time, whatever a project
            writes), of which every match is replaced.

    Raises:
        ValueError: an empty key or an unknown kind.

    >>> redactor = Redactor(b"an example key")
    >>> redactor.text("login of bob@example.com from 203.0.113.9, version 10.2.14.3")
    'login of <email:5d361146> from <ip:29339d8a>, version 10.2.14.3'
    >>> redactor.text("login of BOB@example.com failed")
    'login of <email:5d361146> failed'
    """

    def __init__(
        self,
        key: bytes,
        kinds: frozenset[str] = ALL,
        *,
        fields: Sequence[str] = (),
        patterns: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        if not key:
            raise ValueError("the redaction key is empty")
        if kinds - ALL:
            raise ValueError(f"unknown kinds {sorted(kinds - ALL)}, known are {sorted(ALL)}")
        self._inner, self._outer = _hmac_states(key)
        self.kinds = kinds
        rules = [rule for rule in RULES if rule.kind in kinds]
        own = [Rule(kind, None, re2.compile(pattern), whole) for kind, pattern in patterns.items()]
        self._hints = hints_of((*own, *([field_rule(fields)] if fields else []), *rules))
        # Dictionaries that are emptied when they are full: a miss in an lru_cache costs as much as a digest.
        self._texts: dict[str, str] = {}
        self._pseudonyms: dict[tuple[str, str], str] = {}

    def text(self, s: str) -> str:
        """The text with every find replaced; itself when there is none. Applying it twice changes nothing more."""
        found = self._texts.get(s)
        if found is None:
            suspects = self._hints.suspects(s)
            found = self._replaced(s, suspects) if suspects else s
            if len(s) <= _SHORT:
                _remember(self._texts, s, found)
        return found

    def pseudonym(self, kind: str, value: str) -> str:
        """What stands for a value; the same for all its spellings (case of an address, blanks in a number)."""
        found = self._pseudonyms.get((kind, value))
        if found is None:
            inner, outer = self._inner.copy(), self._outer.copy()
            inner.update(_normal(kind, value).encode("utf-8", "surrogatepass"))
            outer.update(inner.digest())
            found = f"<{kind}:{outer.hexdigest()[:_DIGEST_HEX]}>"
            if len(value) <= _SHORT:
                _remember(self._pseudonyms, (kind, value), found)
        return found

    def _replaced(self, text: str, rules: Iterable[Rule]) -> str:
        for rule in rules:
            search, check = rule.pattern.search, rule.check
            match, done = search(text), 0
            parts: list[str] = []
            while match:
                span = check(match)
                if span is None:
                    match = search(text, match.start() + 1)
                    continue
                begin, end = span
                parts += text[done:begin], self.pseudonym(rule.kind, text[begin:end])
                match, done = search(text, end), end
            if parts:
                text = "".join((*parts, text[done:]))
        return text


def _remember(memory: dict[_Key, str], key: _Key, value: str) -> None:
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value


def _hmac_states(key: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """Both hashes of HMAC-SHA-256 (RFC 2104) after the key: to copy them takes half as long as to begin anew."""
    if len(key) > _HMAC_BLOCK:
        key = hashlib.sha256(key).digest()
    inner, outer = (bytes(byte ^ pad for byte in key.ljust(_HMAC_BLOCK, b"\0")) for pad in (0x36, 0x5C))
    return hashlib.sha256(inner), hashlib.sha256(outer)


def _normal(kind: str, value: str) -> str:
    value = value.strip()
    if kind == "email":
        return value.replace("%40", "@").lower()
    if kind in ("phone", "card"):
        return _NO_DIGIT.sub("", value)
    if kind == "iban":
        return value.replace(" ", "").replace("-", "")
    if kind == "ip" and ":" in value:
        try:
            return inet_ntop(AF_INET6, inet_pton(AF_INET6, value))
        except OSError:
            return value
    return value

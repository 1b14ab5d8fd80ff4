"""Personal data and secrets out of text, before it is stored.

Each find becomes a pseudonym such as `<email:3f2a9c1b>`: the same value gives the same pseudonym (so one can still
count users), another key gives others, and nobody without the key can test a guess. The digest is that of the value
alone, so the same value found as two kinds can be recognised. Loopback addresses and versions that look like an
address are kept; private addresses are not, a person may sit behind them.
"""

import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import re2

from .redaction_fields import FIELD_RULES, field_rule
from .redaction_people import PEOPLE_RULES
from .redaction_rule import Hints, Rule, whole
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
        self._key = key
        self.kinds = kinds
        rules = [rule for rule in RULES if rule.kind in kinds]
        own = [Rule(kind, None, re2.compile(pattern), whole) for kind, pattern in patterns.items()]
        self._hints = Hints([*own, *([field_rule(fields)] if fields else []), *rules])
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._redacted)
        self._pseudonyms = lru_cache(maxsize=_REMEMBERED)(self._pseudonym)

    def text(self, s: str) -> str:
        """The text with every find replaced; itself when there is none. Applying it twice changes nothing more."""
        return self._remembered(s) if len(s) <= _SHORT else self._redacted(s)

    def pseudonym(self, kind: str, value: str) -> str:
        """What stands for a value; the same for all its spellings (case of an address, blanks in a number)."""
        return self._pseudonyms(kind, value) if len(value) <= _SHORT else self._pseudonym(kind, value)

    def _redacted(self, s: str) -> str:
        suspects = self._hints.suspects(s)
        return self._replaced(s, suspects) if suspects else s

    def _pseudonym(self, kind: str, value: str) -> str:
        digest = hmac.digest(self._key, _normal(kind, value).encode("utf-8", "surrogatepass"), "sha256")
        return f"<{kind}:{digest.hex()[:_DIGEST_HEX]}>"

    def _replaced(self, text: str, rules: Iterable[Rule]) -> str:
        for rule in rules:
            parts: list[str] = []
            done = at = 0
            while match := rule.pattern.search(text, at):
                span = rule.check(match)
                if span is None:
                    at = match.start() + 1
                    continue
                parts += text[done : span[0]], self.pseudonym(rule.kind, text[span[0] : span[1]])
                done = at = span[1]
            if parts:
                text = "".join((*parts, text[done:]))
        return text


def _normal(kind: str, value: str) -> str:
    value = value.strip()
    if kind == "email":
        return value.replace("%40", "@").lower()
    if kind in ("phone", "card"):
        return re.sub(r"\D", "", value)
    if kind == "iban":
        return re.sub(r"[ -]", "", value)
    if kind == "ip" and ":" in value:
        try:
            return ipaddress.ip_address(value).compressed
        except ValueError:
            return value
    return value

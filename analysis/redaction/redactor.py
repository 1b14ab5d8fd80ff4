"""Personal data and secrets out of text, before it is stored.

Each find becomes a pseudonym such as `<email:3f2a9c1b>`: the same value gives the same pseudonym (so one can still
count users), another key gives others, and nobody without the key can test a guess. The digest is that of the value
alone, so the same value found as two kinds can be recognised. Loopback addresses and versions that look like an
address are kept; private addresses are not, a person may sit behind them.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from socket import AF_INET6, inet_ntop, inet_pton
from types import MappingProxyType

import re2

from .fields import FIELD_RULES, field_rule
from .people import PEOPLE_RULES
from .rule import Rule, hints_of, whole
from .secrets import SECRET_RULES

# Secrets first: a password in a URL looks like an e-mail address.
RULES = (*SECRET_RULES, *FIELD_RULES, *PEOPLE_RULES)

ALL = frozenset(rule.kind for rule in RULES)
"""Every kind that can be asked for."""
# 32 bits: among 10,000 users one collision is to be expected in 86 data sets.
_DIGEST_BYTES = 4
# Loggers, paths, user agents and users repeat: results for short texts are remembered, some MB at most.
_REMEMBERED = 8_192
_SHORT = 256
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
    'login of <email:65612b23> from <ip:3de0d559>, version 10.2.14.3'
    >>> redactor.text("login of BOB@example.com failed")
    'login of <email:65612b23> failed'
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
        # BLAKE2's own keyed mode (RFC 7693) takes half as long as HMAC; its keys have 64 bytes at most.
        self._key = key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest()
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
                if len(self._texts) >= _REMEMBERED:
                    self._texts.clear()
                self._texts[s] = found
        return found

    def pseudonym(self, kind: str, value: str) -> str:
        """What stands for a value; the same for all its spellings (case of an address, blanks in a number)."""
        found = self._pseudonyms.get((kind, value))
        if found is None:
            normal = _NORMAL.get(kind, str.strip)(value).encode("utf-8", "surrogatepass")
            digest = blake2b(normal, key=self._key, digest_size=_DIGEST_BYTES).hexdigest()
            found = f"<{kind}:{digest}>"
            if len(value) <= _SHORT:
                if len(self._pseudonyms) >= _REMEMBERED:
                    self._pseudonyms.clear()
                self._pseudonyms[kind, value] = found
        return found

    def _replaced(self, text: str, rules: Iterable[Rule]) -> str:
        for rule in rules:
            search = rule.pattern.search
            match = search(text)
            parts: list[str] = []
            done = 0
            while match is not None:
                span = rule.check(match)
                if span is None:
                    match = search(text, match.start() + 1)
                    continue
                begin, end = span
                parts.append(text[done:begin])
                parts.append(self.pseudonym(rule.kind, text[begin:end]))
                done = end
                match = search(text, end)
            if parts:
                parts.append(text[done:])
                text = "".join(parts)
        return text


def _digits(value: str) -> str:
    return _NO_DIGIT.sub("", value)


def _address(value: str) -> str:
    value = value.strip()
    if ":" in value:
        with contextlib.suppress(OSError, ValueError):  # a NUL or half a character is no address
            return inet_ntop(AF_INET6, inet_pton(AF_INET6, value))
    return value


_NORMAL: dict[str, Callable[[str], str]] = {
    "email": lambda value: value.strip().replace("%40", "@").lower(),
    "phone": _digits,
    "card": _digits,
    "iban": lambda value: value.replace(" ", "").replace("-", ""),
    "ip": _address,
}
"""Kind -> what all spellings of a value have in common; of other kinds only blanks around it do not count."""

"""Credentials of recorded headers: equal ones stay equal, so visits can be told apart, and none opens a door."""

import re
from hashlib import blake2b

_COOKIES = frozenset({"cookie", "set-cookie"})
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "x-api-key", "x-auth-token", "x-csrf-token"})
_PAIR = re.compile(r"([^=;]+=)([^;]*)")
_SCHEME = re.compile(r"\w+ +")


def masked(name: str, value: str, key: bytes) -> str:
    """The header's value as it may be written.

    >>> masked("Cookie", "sid=s3cret; theme=", b"key")
    'sid=masked-880a26e2a1e2; theme='
    >>> masked("Set-Cookie", "sid=s3cret; Path=/; HttpOnly", b"key")
    'sid=masked-880a26e2a1e2; Path=/; HttpOnly'
    >>> masked("Authorization", "Bearer s3cret", b"key")
    'Bearer masked-880a26e2a1e2'
    >>> masked("Accept", "*/*", b"key")
    '*/*'

    Args:
        name: of the header, in any case.
        value: as it was sent.
        key: of this recording; without it, a short secret could be guessed from its mask.
    """
    name = name.lower()
    if name in _COOKIES:
        # The attributes that follow a cookie which is set are no secrets.
        return _PAIR.sub(lambda pair: pair[1] + _mask(pair[2], key), value, count=name == "set-cookie")
    if name in _CREDENTIALS:
        scheme = _SCHEME.match(value) if name.endswith("authorization") else None
        return (scheme[0] if scheme else "") + _mask(value[scheme.end() if scheme else 0 :], key)
    return value


def _mask(secret: str, key: bytes) -> str:
    return f"masked-{blake2b(secret.encode(), key=key, digest_size=6).hexdigest()}" if secret else ""

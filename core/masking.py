"""Taking secrets out of text before a person or a log sees it."""

import re

MASK = "***"

_URL_PASSWORD = re.compile(r"(?P<head>\b[a-z][a-z0-9+.-]*://[^\s:/?#@]*:)[^\s/?#]*(?=@)", re.IGNORECASE)
_SECRET_WORD = r"password|passwd|passphrase|secret|authorization|api[_-]?key|private[_-]?key|credential|cookie"
_ASSIGNED = re.compile(rf"(?P<head>\b[\w-]*(?:{_SECRET_WORD}|token)=)[^\s&\"']+", re.IGNORECASE)
_BEARER = re.compile(r"(?P<head>\b(?:bearer|basic) )[\w.~+/=-]{8,}", re.IGNORECASE)
# `password_file` is a path, `tokens` a number: neither is a secret.
_SECRET_NAME = re.compile(rf"(?:{_SECRET_WORD})(?!.*_(?:file|path)$)|token$", re.IGNORECASE)


def mask_text(text: str) -> str:
    """The text without passwords in URLs, `token=...` values and bearer tokens.

    >>> mask_text("redis://:geheim@host:6379/0 refused")
    'redis://:***@host:6379/0 refused'
    """
    for pattern in (_URL_PASSWORD, _ASSIGNED, _BEARER):
        text = pattern.sub(rf"\g<head>{MASK}", text)
    return text


def is_secret_name(name: str) -> bool:
    """True for the name of a field whose value must not be shown."""
    return _SECRET_NAME.search(name) is not None

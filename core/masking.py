"""Taking secrets out of text before a person or a log sees it."""

import re

MASK = "***"

# None of them begins with a run of any length: on a long word that would be tried from each of its letters.
_URL_PASSWORD = re.compile(r"(?P<head>[a-z0-9+.-]://[^\s:/?#@]*:)[^\s/?#]*(?=@)", re.IGNORECASE)
_SECRET_WORD = r"password|passwd|passphrase|secret|authorization|api[_-]?key|private[_-]?key|credential|cookie"
_ASSIGNED = re.compile(rf"(?P<head>(?:{_SECRET_WORD}|token)(?:=|[\"']:\s?)[\"']?)[^\s&\"']+", re.IGNORECASE)
_BEARER = re.compile(r"(?P<head>\b(?:bearer|basic) )[\w.~+/=-]{8,}", re.IGNORECASE)
# `password_file` is a path, `tokens` a number: neither is a secret.
_SECRET_NAME = re.compile(rf"(?:{_SECRET_WORD})(?!.*_(?:file|path)$)|token$", re.IGNORECASE)


def mask_text(text: str) -> str:
    """The text without passwords in URLs, `token=...` values (in JSON too) and bearer tokens.

    >>> mask_text("redis://:geheim@host:6379/0 refused")
    'redis://:***@host:6379/0 refused'
    """
    for pattern in (_URL_PASSWORD, _BEARER, _ASSIGNED):
        text = pattern.sub(rf"\g<head>{MASK}", text)
    return text


def is_secret_name(name: str) -> bool:
    """True for the name of a field whose value must not be shown."""
    return _SECRET_NAME.search(name) is not None

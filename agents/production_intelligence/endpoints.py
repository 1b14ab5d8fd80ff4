"""What a request is of: its path without what differs from request to request."""

import re

# A number, a number behind a word (`prod_123`), a UUID, long with digits in it, or what redaction put in its place
# (`<token:3f2a9c1b>`). `v2` and `top10` are words.
_ID_SEGMENT = re.compile(
    r".*<[a-z_-]+:[0-9a-f]{8}>.*|\d+|[A-Za-z][\w%-]*[_-]\d+|(?=\D*\d)[0-9a-fA-F-]{8,}|(?=\D*\d)[\w%~.:-]{16,}", re.ASCII
)


def endpoint(path: str) -> str:
    """The path without query and with ids as `{id}`: `/api/products/17?x=1` -> `/api/products/{id}`."""
    segments = re.split(r"[?#]", path, maxsplit=1)[0].split("/")
    return "/".join("{id}" if is_id(segment) else segment for segment in segments)


def is_id(segment: str) -> bool:
    """Whether this part of a path differs from request to request."""
    return _ID_SEGMENT.fullmatch(segment) is not None

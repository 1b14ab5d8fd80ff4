"""What a request is of: its path without what differs from request to request."""

import re

# A number, a number behind a word (`prod_123`), a UUID, long with digits in it, or what redaction put in its place
# (`<token:3f2a9c1b>`). `v2` and `top10` are words.
_ID_SEGMENT = re.compile(
    r".*<[a-z_-]+:[0-9a-f]{8}>.*|\d+|[A-Za-z][\w%-]*[_-]\d+|(?=\D*\d)[0-9a-fA-F-]{8,}|(?=\D*\d)[\w%~.:-]{16,}", re.ASCII
)
# Of each of these something must be there: most parts of paths are words, and told from ids by that alone.
_IN_EVERY_ID = re.compile(r"[0-9<]")


def endpoint(path: str) -> str:
    """The path without query and with ids as `{id}`: `/api/products/17?x=1` -> `/api/products/{id}`."""
    bare = path.partition("?")[0].partition("#")[0]
    if _IN_EVERY_ID.search(bare) is None:
        return bare
    return "/".join("{id}" if is_id(segment) else segment for segment in bare.split("/"))


def is_id(segment: str) -> bool:
    """Whether this part of a path differs from request to request."""
    return _IN_EVERY_ID.search(segment) is not None and _ID_SEGMENT.fullmatch(segment) is not None

"""A release: what is judged, deployed and taken back."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from .base import Record

DEFAULT_ENVIRONMENT = "production"
DeploymentResult = Literal["success", "failed", "rolled_back"]
VERSION = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$"
"""A version is part of keys and of globs over them."""


class Release(Record):
    """Version, commit, environment and service; stored at `aqe/releases/<version>/release`."""

    version: Annotated[str, Field(pattern=VERSION)]
    """As tagged: `v2.5.0`; no slashes, spaces or glob characters."""
    commit: str | None = None
    """Full or abbreviated hexadecimal hash; None = unknown."""
    environment: str = DEFAULT_ENVIRONMENT
    service: str | None = None
    updated_at: datetime | None = None


def same_commit(one: str | None, other: str | None) -> bool:
    """True when both are known and one is a prefix of the other (7 characters or more).

    Tools abbreviate hashes differently; an unknown commit equals nothing.
    """
    if not one or not other:
        return False
    short, long = sorted((one.lower(), other.lower()), key=len)
    return long.startswith(short) and (len(short) >= 7 or short == long)

"""A release: what is judged, deployed and taken back."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ..errors import InputError
from .base import Record

DEFAULT_ENVIRONMENT = "production"
DeploymentResult = Literal["success", "failed", "rolled_back"]
VERSION = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$"
"""A version is part of keys and of globs over them."""
REGION_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$"
"""Becomes part of keys, queries and commands."""
RegionName = Annotated[str, Field(pattern=REGION_NAME)]
COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")


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


def check_version(version: str) -> str:
    """The version, when it can be part of a key.

    Raises:
        InputError: empty, too long, or with other characters than letters, digits and `._+-`.
    """
    if not re.fullmatch(VERSION, version):
        raise InputError(
            f"{version!r} cannot be a release's version", hint="letters, digits and . _ + - only, such as v2.5.0"
        )
    return version


def check_commit(commit: str) -> str:
    """The commit, when it looks like one; InputError when not."""
    if not COMMIT.fullmatch(commit):
        raise InputError(f"{commit!r} is no commit", hint="expected 7 to 64 hexadecimal digits: `git rev-parse HEAD`")
    return commit


def check_environment(name: str) -> str:
    """The environment, when it can be one; InputError when it is empty or holds control characters."""
    if not name.strip() or not name.isprintable():
        raise InputError(f"{name!r} cannot be an environment", hint="a name such as production or staging")
    return name

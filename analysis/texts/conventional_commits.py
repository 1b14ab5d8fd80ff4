"""The subject of a commit as Conventional Commits 1.0.0 reads it: type, scope, whether it breaks something."""

import re
from typing import NamedTuple

_SUBJECT = re.compile(r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^()\r\n]+)\))?(?P<breaking>!)?:[ ]+(?P<words>.*\S)")
_FOOTER = re.compile(r"^BREAKING[ -]CHANGE: ", re.MULTILINE)


class ConventionalCommit(NamedTuple):
    """A commit that follows the convention."""

    type: str
    """Lower case: `feat`, `fix`, `perf`, ..."""
    scope: str | None
    breaking: bool
    subject: str
    """What stands behind the colon."""


def parse_commit(subject: str, body: str = "") -> ConventionalCommit | None:
    """The commit; None when its subject does not follow the convention.

    Reference: https://www.conventionalcommits.org/en/v1.0.0/#specification

    >>> parse_commit("feat(cart)!: take vouchers")
    ConventionalCommit(type='feat', scope='cart', breaking=True, subject='take vouchers')
    >>> parse_commit("Fix: round half up", "BREAKING CHANGE: totals differ by a cent").breaking
    True
    >>> parse_commit("Make the cart faster") is None, parse_commit("https://example.org") is None
    (True, True)
    """
    found = _SUBJECT.fullmatch(subject.strip())
    if found is None:
        return None
    breaking = found["breaking"] is not None or _FOOTER.search(body) is not None
    return ConventionalCommit(found["type"].lower(), found["scope"], breaking, found["words"])

"""Who answers for a file: CODEOWNERS where there is one, else who changed it most."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ...core.records.decisions.remediation import Owners
from .git import ask_git

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""Where GitHub and GitLab look, in this order."""
MAX_COMMITS = 200
"""Commits of a file that are looked at."""
MAX_CHARACTERS = 1_000_000


def owners_of(files: Iterable[str], folder: Path) -> dict[str, Owners]:
    """File -> its owners, as far as the clone around a folder says.

    Args:
        files: as tools name them: relative to the root of the repository, or inside of it.
        folder: in the clone; a folder in no clone knows nobody.
    """
    root = ask_git(folder, "rev-parse", "--show-toplevel")
    if root is None:
        return {file: Owners(names=(), source="not known: no git clone here") for file in files}
    top = Path(root)
    rules = read_codeowners(_codeowners_text(top))
    return {file: _owners(_relative(file, top), rules, top) for file in files}


def read_codeowners(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Pattern and owners of every line; a section's head (`[Docs]`) is none."""
    rules = []
    for line in text.splitlines():
        words = re.split(r"(?<!\\)#", line)[0].split()
        if words and not words[0].startswith(("[", "^[")):
            rules.append((words[0], tuple(words[1:])))
    return rules


def owners_by_rules(path: str, rules: Iterable[tuple[str, tuple[str, ...]]]) -> tuple[str, ...] | None:
    """Owners by the last rule that fits, as the platforms have it; None = no rule fits."""
    found = None
    for pattern, owners in rules:
        if _pattern(pattern).match(path):
            found = owners
    return found


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of CODEOWNERS, which are those of .gitignore without negation and character classes."""
    anchored = "/" in pattern.rstrip("/")
    body = pattern.strip("/")
    parts = re.split(r"(/\*\*/|\*\*/|/\*\*|\*\*|\*|\?)", body)
    words = {"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    text = "".join(words.get(part, re.escape(part)) for part in parts)
    # `/docs/*` means the files there and not those below; anything else named also stands for what is in it.
    below = "" if body.endswith("/*") else "(?:/.*)?"
    end = "/.*" if pattern.endswith("/") else below
    return re.compile(f"{'' if anchored else '(?:.*/)?'}{text}{end}$")


def _codeowners_text(top: Path) -> str:
    for place in PLACES:
        try:
            with (top / place).open(encoding="utf-8", errors="replace") as stream:
                return stream.read(MAX_CHARACTERS)
        except OSError:
            continue
    return ""


def _relative(file: str, top: Path) -> str:
    path = Path(file)
    if path.is_absolute() and path.is_relative_to(top):
        return path.relative_to(top).as_posix()
    return path.as_posix().removeprefix("./")


def _owners(path: str, rules: list[tuple[str, tuple[str, ...]]], top: Path) -> Owners:
    owners = owners_by_rules(path, rules)
    if owners:
        return Owners(names=owners, source="CODEOWNERS")
    authors = path != "." and ask_git(top, "--literal-pathspecs", "log", f"-n{MAX_COMMITS}", "--format=%aN", "--", path)
    if not authors:
        return Owners(names=(), source=f"not known: git has no history of {path}")
    ((name, _),) = Counter(authors.splitlines()).most_common(1)
    return Owners(names=(name,), source="git history")

"""Database migrations in a change: which files they are, whether there is a way back, and what it would throw away.

Told by the conventions of the tools (folders and names) and by what stands in the files; nothing is executed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ...core.records.decisions.rollback_plan import Migration, Way


class _Tool(NamedTuple):
    name: str
    path: re.Pattern[str]
    down: re.Pattern[str] | None = None
    """Where the way back begins inside the file; None = it is another file, or there is none."""


_TOOLS = (
    # The first that fits takes the file.
    _Tool("alembic", re.compile(r"(?:^|/)(?:alembic|migrations)/versions/[^/]+\.py$"), re.compile(r"def downgrade\b")),
    _Tool("django", re.compile(r"(?:^|/)migrations/\d{4}_[^/]+\.py$")),
    _Tool("rails", re.compile(r"(?:^|/)db/migrate/\d+_[^/]+\.rb$"), re.compile(r"def (?:down|change)\b")),
    _Tool("flyway", re.compile(r"(?:^|/)[VR][\w.]*__[^/]+\.sql$")),
    _Tool("prisma", re.compile(r"(?:^|/)prisma/migrations/[^/]+/migration\.sql$")),
    _Tool("liquibase", re.compile(r"(?:^|/)(?:db\.)?changelog[^/]*\.(?:xml|ya?ml|json|sql)$"), re.compile("rollback")),
    _Tool("knex", re.compile(r"(?:^|/)migrations/\d{8,}[_-][^/]+\.[jt]s$"), re.compile(r"\bdown\b\s*[=(:]")),
    _Tool("golang-migrate", re.compile(r"(?:^|/)\d+_[^/]+\.up\.sql$")),
    _Tool("sql", re.compile(r"(?:^|/)migrations?/(?:[^/]+/)*[^/]+(?<!\.down)\.sql$")),
)
_LOSES = re.compile(
    r"\b(?:drop\s+(?:table|column|database|schema|index|view)|truncate|delete\s+from|"
    r"(?:op\.)?drop_(?:table|column)|remove_column|DeleteModel|RemoveField|FLUSHDB|FLUSHALL)\b[^\n;]{0,80}",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"\s*(?:\([^)]*\))?[^:{\n]*[:{]?\s*(?:\"\"\"[^\"]*\"\"\"\s*)?(?:pass|end|}|raise|$)")
MAX_TEXT = 100_000
"""Characters of a file that are looked at."""


def is_migration(path: str) -> bool:
    """Whether a file's path is that of a migration."""
    return any(tool.path.search(path) for tool in _TOOLS)


def migrations_in(texts: Mapping[str, str | None], others: Iterable[str] = ()) -> tuple[Migration, ...]:
    """The migrations of a change, in order of their paths.

    Args:
        texts: path of each changed migration -> its text; None = nobody could read it.
        others: other paths of the repository: a way back may be a file of its own.
    """
    known = {*others, *texts}
    return tuple(_migration(path, texts[path], known) for path in sorted(texts) if is_migration(path))


def _migration(path: str, text: str | None, known: set[str]) -> Migration:
    tool = next(tool for tool in _TOOLS if tool.path.search(path))
    if any(other in known for other in _down_files(path)):
        return Migration(path=path, tool=tool.name, way_back=Way.WRITTEN, loses=_losses(text or ""))
    if text is None:
        return Migration(path=path, tool=tool.name, way_back=Way.UNKNOWN)
    text = text[:MAX_TEXT]
    if tool.name == "django":
        # Django reverses its own operations; RunPython and RunSQL only when told how.
        one_way = re.search(r"\b(?:RunPython|RunSQL)\(", text) and not re.search(r"reverse_(?:code|sql)", text)
        return Migration(
            path=path, tool=tool.name, way_back=Way.MISSING if one_way else Way.WRITTEN, loses=_losses(text)
        )
    begin = tool.down.search(text) if tool.down else None
    if begin is None:
        return Migration(path=path, tool=tool.name, way_back=Way.MISSING, loses=_losses(text))
    back = text[begin.end() :]
    way = Way.EMPTY if _NOTHING.match(back) else Way.WRITTEN
    return Migration(path=path, tool=tool.name, way_back=way, loses=_losses(back))


def _down_files(path: str) -> Iterator[str]:
    """Where the way back of a migration would be, as a file of its own."""
    if path.endswith(".up.sql"):
        yield path.removesuffix(".up.sql") + ".down.sql"
    elif path.endswith("/up.sql"):
        yield path.removesuffix("up.sql") + "down.sql"
    elif path.endswith("/migration.sql"):
        yield path.removesuffix("migration.sql") + "down.sql"
    elif path.endswith(".sql"):
        folder, slash, name = path.rpartition("/")
        yield f"{folder}{slash}{re.sub('^V', 'U', name)}" if name.startswith("V") else path[:-4] + ".down.sql"


def _losses(text: str) -> tuple[str, ...]:
    found = (" ".join(match[0].split()) for match in _LOSES.finditer(text))
    return tuple(dict.fromkeys(found))[:10]

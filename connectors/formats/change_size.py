"""How large a change is, file by file: lines, files, top-level folders, files that name dependencies."""

import re
from fnmatch import translate

from ...core.records.signals import MetricValue

MANIFESTS = (
    # Python
    "pyproject.toml", "setup.py", "setup.cfg", "requirements*.txt", "requirements*.in", "requirements/*.txt",
    "requirements/*.in", "constraints*.txt", "Pipfile", "environment.yml", "environment.yaml",
    # JavaScript
    "package.json", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "bun.lockb",
    # JVM
    "pom.xml", "build.gradle", "build.gradle.kts", "libs.versions.toml", "gradle.lockfile", "build.sbt",
    # Go, Rust, Ruby, PHP, .NET, Swift, Dart, Elixir, C++
    "go.mod", "go.sum", "Cargo.toml", "Gemfile", "*.gemspec", "composer.json", "*.csproj", "*.fsproj",
    "packages.config", "packages.lock.json", "Directory.Packages.props", "Package.swift", "Package.resolved",
    "Podfile", "pubspec.yaml", "mix.exs", "conanfile.txt", "conanfile.py", "vcpkg.json",
    # poetry.lock, uv.lock, yarn.lock, Cargo.lock, Gemfile.lock, composer.lock, Podfile.lock, flake.lock, ...
    "*.lock",
)  # fmt: skip
"""Files that name dependencies or pin them, in any folder."""
_MANIFEST = re.compile(
    # `*` stays within a name here.
    "(?:.*/)?(?:" + "|".join(translate(pattern).replace(".*", "[^/]*") for pattern in MANIFESTS) + ")",
    re.DOTALL,
)

METRICS = ("lines_added", "lines_deleted", "files_changed", "modules_affected", "dependencies_changed")
"""What the files tell; how many commits there were is told by whoever counted them."""


class ChangeSize:
    """Adds up the files of a change."""

    def __init__(self) -> None:
        self.entries = 0
        self.added = 0
        self.deleted = 0
        self.binary = 0
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._manifests: set[str] = set()

    def add(self, path: str, added: int | None, deleted: int | None, *, old: str | None = None) -> None:
        """One changed file.

        Args:
            path: where it is after the change.
            added, deleted: lines; None for a binary file.
            old: where it was before, when it moved.
        """
        self.entries += 1
        if added is None or deleted is None:
            self.binary += 1
        self.added += added or 0
        self.deleted += deleted or 0
        self._files.add(path)
        for place in {path, old or path}:
            if "/" in place:
                self._folders.add(place.partition("/")[0])
            if _MANIFEST.fullmatch(place):
                self._manifests.add(path)

    @property
    def files(self) -> int:
        """Files that changed, each once."""
        return len(self._files)

    def metrics(self) -> dict[str, MetricValue]:
        """METRICS of what was added."""
        return {
            "lines_added": self.added,
            "lines_deleted": self.deleted,
            "files_changed": self.files,
            "modules_affected": len(self._folders),
            "dependencies_changed": len(self._manifests),
        }

"""How much of a feature's code tests cover: source files of the coverage signal, mapped to features by their paths."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ....core.errors import InputError
from ....core.globs import compile_glob
from ....core.records.evidence import NotMeasured
from ....core.records.signals import Signal, SignalKind

COVERAGE_KEY = f"aqe/quality-signals/{SignalKind.TEST_COVERAGE}"
_NO_SIGNAL = "no test-coverage signal: `aqe import coverage.json` brings one in"
_NO_FILES = "the test-coverage signal has no figures of single files; reports of coverage.py, lcov and Cobertura have"
_PLAIN = re.compile(r"[^0-9a-z]+")

Lines = tuple[int, int]
"""Covered, of so many."""


@dataclass(frozen=True)
class FeatureCoverage:
    """Files and which of them belong to what.

    Args:
        files: source file -> its lines.
        code: feature -> globs of its files, as aqe.yaml says.
        missing: why there are no files, where there are none.
    """

    files: Mapping[str, Lines]
    code: Mapping[str, tuple[str, ...]]
    missing: str = ""

    @classmethod
    def of(cls, records: Mapping[str, Any], code: Mapping[str, tuple[str, ...]]) -> "FeatureCoverage":
        """Out of the coverage signal in memory.

        A file in several reports has the lines of the one that covers the least of it, as the signal's total has.
        """
        if COVERAGE_KEY not in records:
            return cls({}, code, _NO_SIGNAL)
        try:
            signal = Signal.from_value(records[COVERAGE_KEY], where=COVERAGE_KEY)
        except InputError as error:
            return cls({}, code, str(error))
        files: dict[str, Lines] = {}
        for part in signal.parts.values():
            for name, lines in (part.file_lines or {}).items():
                plain = name.replace("\\", "/")
                files[plain] = min(lines, files.get(plain, lines), key=lambda of: of[0] / max(of[1], 1))
        return cls(files, code, "" if files else _NO_FILES)

    def percent(self, feature: str) -> float | NotMeasured:
        """Of the lines of its files, 0 to 100."""
        found = list(self._lines(feature))
        total = sum(of for _, of in found)
        if total:
            return 100 * sum(covered for covered, _ in found) / total
        return NotMeasured(
            reason=self.missing
            or "no file of the coverage report belongs to it: `code` under `features` in aqe.yaml names them"
        )

    def _lines(self, feature: str) -> Iterator[Lines]:
        globs = [compile_glob(glob) for glob in self.code.get(feature, ())]
        called = _PLAIN.sub("", feature.lower())
        for name, lines in self.files.items():
            if any(glob.fullmatch(name) for glob in globs) if globs else called and called in _words(name):
                yield lines


def _words(path: str) -> set[str]:
    """`src/Checkout/pay-now.ts`: src, checkout, paynow."""
    file = PurePosixPath(path.lower())
    return {_PLAIN.sub("", part) for part in (*file.parts[:-1], file.stem)}

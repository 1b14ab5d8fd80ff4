"""Istanbul's JSON reports: `coverage-summary.json` with counts, and `coverage-final.json` with every statement.

In the second a file's statements, branches and functions are counters beside a map of their places; a line is hit when
a statement that begins there was. `pct` is "Unknown" where there is nothing to cover, so it is not read.
"""

from typing import Any

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..coverage import BRANCH, FUNCTION, LINE, NOTHING, STATEMENT, Share, coverage, share_of
from ..documents import JsonFormat
from ..shapes import Count, Shape, dict_at, first_of, shaped

_WHAT = "Istanbul JSON"


class _Counted(Shape):
    total: Count
    covered: Count


class _Total(Shape):
    lines: _Counted
    statements: _Counted
    branches: _Counted
    functions: _Counted


class _Start(Shape):
    line: int


class _Place(Shape):
    start: _Start


class _File(Shape):
    statement_map: dict[str, _Place]
    s: dict[str, int]
    f: dict[str, int]
    b: dict[str, list[int]]

    def lines(self) -> dict[str, int]:
        """Line -> most hits of a statement that begins there."""
        hits: dict[str, int] = {}
        for key, count in self.s.items():
            if key in self.statement_map:
                line = str(self.statement_map[key].start.line)
                hits[line] = max(count, hits.get(line, 0))
        return hits


class IstanbulJson(JsonFormat):
    """Istanbul JSON -> test-coverage."""

    name = "istanbul-json"
    produces: tuple[str, ...] = (SignalKind.TEST_COVERAGE.value,)
    about = About(
        title="Istanbul JSON coverage report",
        producers="nyc, c8, Jest, Vitest, Karma",
        versions="coverage-summary.json (json-summary) and coverage-final.json (json)",
        recognised_by="`total` with `lines`, `statements`, `branches`; or files with `statementMap`",
        fields="`total` total and covered of each; or `statementMap`, `s`, `f`, `b` of each file",
        metrics=(LINE, BRANCH, STATEMENT, FUNCTION),
        sample=Sample.REAL,
        how_to_export="jest --coverage --coverageReporters=json-summary, nyc or c8 --reporter=json-summary",
    )

    def recognises(self, head: Head) -> bool:
        """By the total, or by the first file."""
        total = dict_at(head.json, "total")
        return {"lines", "branches"} <= total.keys() or "statementMap" in _unwrapped(first_of(head.json))

    def read(self, document: Any) -> Parsed:
        """Add up the files, or take the total."""
        if "total" in document:
            total = shaped(_Total, document["total"], _WHAT)
            return coverage("istanbul", {
                LINE: Share(total.lines.covered, total.lines.total),
                STATEMENT: Share(total.statements.covered, total.statements.total),
                BRANCH: Share(total.branches.covered, total.branches.total),
                FUNCTION: Share(total.functions.covered, total.functions.total),
            })  # fmt: skip
        shares = dict.fromkeys((LINE, STATEMENT, BRANCH, FUNCTION), NOTHING)
        for value in document.values():
            file = shaped(_File, _unwrapped(value), _WHAT)
            shares[LINE] += share_of(file.lines())
            shares[STATEMENT] += share_of(file.s)
            shares[BRANCH] += share_of([count for counts in file.b.values() for count in counts])
            shares[FUNCTION] += share_of(file.f)
        return coverage("istanbul", dict(shares))


def _unwrapped(file: Any) -> dict[str, Any]:
    """Before nyc 11 a file could be wrapped in `data`."""
    return dict_at(file, "data") or dict_at(file)

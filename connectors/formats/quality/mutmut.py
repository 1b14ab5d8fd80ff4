"""mutmut's summary for CI (`mutmut export-cicd-stats`).

Counts only; `total` has the mutants that were never checked too. What mutmut calls suspicious ended in an unknown way:
it is not proven that a test noticed. A crash of the interpreter (segfault) cannot go unnoticed.
"""

from typing import Any

from ....core.importing import About, Head, Parsed, Sample
from ....core.records.signals import SignalKind
from ..documents import JsonFormat
from ..mutants import METRICS, Mutants, Verdict
from ..shapes import Count, SnakeShape, shaped

_VERDICTS = {
    "killed": Verdict.DETECTED,
    "timeout": Verdict.DETECTED,
    "segfault": Verdict.DETECTED,
    "survived": Verdict.UNDETECTED,
    "no_tests": Verdict.UNDETECTED,
    "suspicious": Verdict.UNDETECTED,
    "skipped": Verdict.INVALID,
    "check_was_interrupted_by_user": Verdict.PENDING,
    "not checked": Verdict.PENDING,
}


class _Stats(SnakeShape):
    killed: Count
    survived: Count
    total: Count
    no_tests: Count = 0
    skipped: Count = 0
    suspicious: Count = 0
    timeout: Count = 0
    segfault: Count = 0
    check_was_interrupted_by_user: Count = 0


class MutmutStats(JsonFormat):
    """mutmut statistics -> mutation."""

    name = "mutmut-json"
    produces: tuple[str, ...] = (SignalKind.MUTATION.value,)
    about = About(
        title="mutmut statistics for CI",
        producers="mutmut",
        versions="mutmut 3",
        recognised_by="keys `killed`, `survived`, `no_tests` and `total`",
        fields="all counts",
        metrics=METRICS,
        sample=Sample.REAL,
        how_to_export="mutmut run; mutmut export-cicd-stats; then mutants/mutmut-cicd-stats.json",
    )

    def recognises(self, head: Head) -> bool:
        """By its keys."""
        return {"killed", "survived", "no_tests", "total"} <= head.json_keys

    def read(self, document: Any) -> Parsed:
        """Take the counts."""
        stats = shaped(_Stats, document, "mutmut")
        mutants = Mutants("mutmut", _VERDICTS)
        for status, count in stats.model_dump(exclude={"total"}).items():
            mutants.add(status, count=count)
        mutants.add("not checked", count=max(0, stats.total - mutants.counts.total()))
        return mutants.parsed()

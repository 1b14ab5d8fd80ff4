"""What every test report comes down to: cases that passed, failed or were skipped, and which changed their verdict.

Counters of a report are not believed: the cases are counted. Of flaky tests a report says something only when tests
were run again, so without reruns there is no test-reliability part at all.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from ...core.errors import InputError
from ...core.importing import Parsed
from ...core.records.signals import MAX_FINDINGS, Finding, MetricValue, Outcome, SignalKind, SignalPart
from .documents import clean, finding

RESULT_METRICS = ("total_tests", "passed_tests", "failed_tests", "skipped_tests", "duration_s")
METRICS = (*RESULT_METRICS, "flaky_tests", "reliability_percent")
PRODUCES = (SignalKind.TEST_RESULTS.value, SignalKind.TEST_RELIABILITY.value)


class Verdict(StrEnum):
    """What a test case says."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


def verdict_of(word: str, verdicts: Mapping[str, Verdict], what: str, name: object) -> Verdict:
    """What a report's own word for a case's end means.

    Args:
        word: as the report writes it.
        verdicts: the words of its format.
        what: the format, for the error line.
        name: the case.

    Raises:
        InputError: the format has no such word; it is never taken for a pass.
    """
    verdict = verdicts.get(word)
    if verdict is None:
        raise InputError(
            f"{what}: {clean(name, 80)!r} is {clean(word, 40)!r}", hint=f"expected one of {', '.join(verdicts)}"
        )
    return verdict


class TestCases:
    """The test cases of one file.

    Args:
        tool: what a part is named after: the format, not the runner, so that an empty file replaces an older part.
    """

    __test__ = False

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self.counts: Counter[Verdict] = Counter()
        self.flaky_count = 0
        self.duration_s: float | None = None
        self.reruns_seen = False
        """Tests were run again, or would have been: then "no flaky test" is a measurement."""
        self.failures: list[Finding] = []
        self.flaky: list[Finding] = []

    @property
    def total(self) -> int:
        """All cases."""
        return self.counts.total()

    def add(
        self,
        name: object,
        verdict: Verdict,
        *,
        message: object = None,
        is_error: bool = False,
        file: object = None,
        line: object = None,
        seconds: float | None = None,
    ) -> None:
        """Count one case.

        Args:
            message: why it failed.
            is_error: the test broke, instead of finding something.
            seconds: how long it took, all tries together.
        """
        self.counts[verdict] += 1
        self.took(seconds)
        if verdict is Verdict.FAILED and len(self.failures) < MAX_FINDINGS:
            kind = "error" if is_error else "failure"
            self.failures.append(finding(name, message or kind, kind, file, line))

    def add_flaky(self, name: object, file: object = None) -> None:
        """A case that is already counted changed its verdict when it was run again."""
        self.reruns_seen = True
        self.flaky_count += 1
        if len(self.flaky) < MAX_FINDINGS:
            self.flaky.append(finding(name, "changed its verdict when it was run again", "flaky", file))

    def took(self, seconds: float | None) -> None:
        """Add to the duration; None = not said."""
        if seconds is not None and 0 <= seconds < 1e9:
            self.duration_s = (self.duration_s or 0.0) + seconds

    def parsed(
        self, *, version: object = None, measured_at: datetime | None = None, notes: tuple[str, ...] = ()
    ) -> Parsed:
        """The results, and the reliability where it was measured."""
        if not self.total:
            return Parsed(Outcome.NOT_MEASURED, reason="no test case in the file", notes=notes)
        metrics: dict[str, MetricValue] = {"total_tests": self.total}
        metrics |= {f"{verdict}_tests": self.counts[verdict] for verdict in Verdict}
        if self.duration_s is not None:
            metrics["duration_s"] = round(self.duration_s, 6)
        results = SignalPart(
            tool=self.tool,
            tool_version=clean(version, 40) or None if isinstance(version, str) else None,
            outcome=Outcome.VALUE,
            measured_at=measured_at,
            metrics=metrics,
            findings=tuple(sorted(self.failures, key=lambda found: found.severity != "error")),
        )
        signals = [(SignalKind.TEST_RESULTS, results)]
        if self.reruns_seen:
            stability: dict[str, MetricValue] = {"flaky_tests": self.flaky_count}
            if ran := self.total - self.counts[Verdict.SKIPPED]:
                stability["reliability_percent"] = 100 * max(0.0, 1 - self.flaky_count / ran)
            reliability = SignalPart(
                tool=self.tool,
                outcome=Outcome.VALUE if self.flaky_count else Outcome.CLEAN,
                measured_at=measured_at,
                metrics=stability,
                findings=tuple(self.flaky),
            )
            signals.append((SignalKind.TEST_RELIABILITY, reliability))
        return Parsed(Outcome.VALUE, signals=tuple(signals), notes=notes)

"""What every tracker of issues comes down to: open bugs, and how many of them are critical.

A tracker does not know what is critical, people mark it: by a priority, a severity, a label. Where no open bug has such
a mark, nothing is known, which is not the same as none.
"""

import re
from collections.abc import Iterable

from ...core.importing import Parsed
from ...core.records.signals import MAX_FINDINGS, Finding, Outcome, SignalKind, SignalPart
from .documents import clean, finding, no_value

KIND = SignalKind.CODE_QUALITY
METRICS = ("critical_issues",)
_CRITICAL = frozenset({
    "critical", "blocker", "blocking", "highest", "urgent", "showstopper", "p0", "s0", "s1", "sev0", "sev1",
    "severity0", "severity1",
})  # fmt: skip
_LESS = frozenset({
    "high", "major", "medium", "normal", "moderate", "minor", "low", "lowest", "trivial", "p1", "p2", "p3", "p4", "p5",
    "s2", "s3", "s4", "s5", "sev2", "sev3", "sev4", "sev5", "severity2", "severity3", "severity4", "severity5",
    "priority1", "priority2", "priority3", "priority4", "priority5",
})  # fmt: skip
_BUG = frozenset({"bug", "bugs", "defect", "regression"})
_BUG_TYPES = frozenset({
    # What trackers call the type in the languages they come in.
    "fehler", "bogue", "anomalie", "erreur", "error", "defecto", "falha", "erro", "defeito", "difetto", "fout", "vad",
    "błąd", "chyba", "hiba", "ошибка", "баг", "дефект", "バグ", "障害", "缺陷", "故障", "错误", "버그",  # noqa: RUF001
})  # fmt: skip
_WORDS = re.compile(r"[^\W_]+")
_NUMBERED = re.compile(r"\b(p|s|sev|severity|priority)[^\w]{0,3}(\d)\b")
# As many as a page of GitHub, GitLab or Jira holds.
_PAGES = frozenset({20, 30, 50, 100})


class Bugs:
    """The issues of one file.

    Args:
        tool: who wrote it.
    """

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self.seen = 0
        self.open_bugs = 0
        self._critical = 0
        self._unmarked = 0
        self._findings: list[Finding] = []

    def add(
        self, *, is_bug: bool, is_open: bool, marks: Iterable[object], critical: bool | None = None, rule: object,
        title: object,
    ) -> None:  # fmt: skip
        """Look at one issue.

        Args:
            marks: labels, the name of its priority.
            critical: where the tracker itself says so; None = the marks decide.
        """
        self.seen += 1
        if not (is_bug and is_open):
            return
        self.open_bugs += 1
        critical = is_critical(marks) if critical is None else critical
        self._unmarked += critical is None
        if critical:
            self._critical += 1
            if len(self._findings) < MAX_FINDINGS:
                self._findings.append(finding(rule, title or "(no title)", "critical"))

    def parsed(self, *, notes: tuple[str, ...] = ()) -> Parsed:
        """The open critical bugs; not measured where issues are there of which none is known to be a bug or how bad."""
        if self.open_bugs and self._unmarked == self.open_bugs:
            reason = f"none of {self.open_bugs} open bugs says how severe it is: no priority, no such label"
            return no_value(Outcome.NOT_MEASURED, reason, KIND, tool=self.tool)
        if self._unmarked:
            notes = (*notes, f"open bugs that do not say how severe they are: {self._unmarked} of {self.open_bugs}")
        if self.seen in _PAGES:
            notes = (*notes, f"{self.seen} issues, as many as a page holds: are these all?")
        part = SignalPart(
            tool=self.tool,
            outcome=Outcome.VALUE if self._critical else Outcome.CLEAN,
            metrics={"critical_issues": self._critical},
            findings=tuple(self._findings),
        )
        return Parsed(part.outcome, signals=((KIND, part),), notes=notes)


def is_critical(marks: Iterable[object]) -> bool | None:
    """Whether a mark says critical; None when none says anything of how severe it is."""
    found = None
    for mark in marks:
        words = _words(mark)
        if words & _CRITICAL:
            return True
        if words & _LESS:
            found = False
    return found


def is_bug(marks: Iterable[object]) -> bool:
    """Whether a label or a type's name calls it a bug."""
    return any(_words(mark) & _BUG or clean(mark, 40).lower() in _BUG_TYPES for mark in marks)


def _words(mark: object) -> set[str]:
    """`severity::1` and `Sev 1` are one word more: severity1, sev1."""
    shown = clean(mark, 100).lower()
    return {*_WORDS.findall(shown), *(f"{name}{digit}" for name, digit in _NUMBERED.findall(shown))}

"""How the words of the records sound in a report, and what they mean to its reader."""

import re
from datetime import datetime
from typing import Any

from ....core.criteria import CRITERIA
from ....core.numbers import confidence_number, risk_number, shown, time_text, value_text
from ....core.records.decisions.checklist import ChecklistStatus
from ....core.records.report import Tone
from ..words import label_of, unit_of

TONES: dict[str, Tone] = {
    "APPROVED": Tone.GOOD,
    "APPROVED_WITH_WARNINGS": Tone.WARN,
    "PENDING_APPROVAL": Tone.WARN,
    "INCONCLUSIVE": Tone.UNKNOWN,
    "BLOCKED": Tone.BAD,
    "LOW": Tone.GOOD,
    "MEDIUM": Tone.WARN,
    "HIGH": Tone.BAD,
    "CRITICAL": Tone.BAD,
    "PASSED": Tone.GOOD,
    "ATTESTED": Tone.PERSON,
    "WARNING": Tone.WARN,
    "WAIVED": Tone.WARN,
    "PENDING": Tone.WARN,
    "FAILED": Tone.BAD,
    "NO_EVIDENCE": Tone.UNKNOWN,
    "NOT_APPLICABLE": Tone.NEUTRAL,
    "success": Tone.GOOD,
    "failed": Tone.WARN,
    "rolled_back": Tone.BAD,
}
"""Word of a record -> what it means; of risks, levels of confidence are the other way round."""
CHECKLIST_TONES = {
    ChecklistStatus.READY: Tone.GOOD,
    ChecklistStatus.READY_WITH_WARNINGS: Tone.WARN,
    ChecklistStatus.INCONCLUSIVE: Tone.UNKNOWN,
    ChecklistStatus.BLOCKED: Tone.BAD,
}
CERTAINTY_TONES = {"LOW": Tone.UNKNOWN, "MEDIUM": Tone.WARN, "HIGH": Tone.GOOD, "VERY_HIGH": Tone.GOOD}


def tone_of(word: object) -> Tone:
    """What a word of a record means."""
    return TONES.get(str(word), Tone.NEUTRAL)


def spoken(word: object) -> str:
    """`APPROVED_WITH_WARNINGS`, `line_coverage` and `codeQuality` as people write them."""
    return re.sub(r"(?<=[a-z])[A-Z]", lambda found: f" {found[0].lower()}", str(word)).replace("_", " ")


def risk_words(risk: Any) -> str:
    """A risk on its scale."""
    return f"{risk_number(risk)} of 100"


def percent_words(number: Any) -> str:
    """0-100, never rounded up to all."""
    return f"{confidence_number(number)} %"


def probability_words(number: Any) -> str:
    """0-100, two decimals where a small one would vanish."""
    return f"{shown(number)} %"


def date_words(at: Any) -> str:
    """An ISO time as `2026-01-10 12:00 UTC`."""
    return f"{datetime.fromisoformat(str(at)):%Y-%m-%d %H:%M} UTC"


def time_words(at: Any) -> str:
    """The same up to the second: it identifies a decision."""
    return time_text(datetime.fromisoformat(str(at)))


def duration_words(seconds: Any) -> str:
    """Seconds as people say them.

    >>> [duration_words(s) for s in (0.4, 42, 95, 7200, 200_000)]
    ['0.4 s', '42 s', '1 min 35 s', '2 h', '2 d 7 h']
    """
    if seconds < 60:
        return f"{seconds:.2g} s"
    parts, left = [], round(seconds)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def label_words(criterion: Any) -> str:
    """`line coverage` of `min_line_coverage`."""
    return label_of(criterion) if criterion in CRITERIA else spoken(criterion)


def _unit(criterion: str) -> str:
    return unit_of(CRITERIA[criterion].field[0]) if criterion in CRITERIA else ""


def limit_words(criterion: str, limit: Any) -> str:
    """What a gate asks for: `>= 85 %`, `yes`."""
    if limit is True:
        return "yes"
    sign = "≥" if criterion.startswith("min_") else "≤"
    return f"{sign} {value_text(limit)}{_unit(criterion)}"


def metric_words(field: str, value: Any) -> str:
    """What was measured for risk, with the unit that its field's name ends in."""
    return f"{spoken(value_text(value))}{unit_of(field)}"


def reading_words(criterion: str, value: Any, limit: Any) -> str:
    """What was measured, never rounded across the limit."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return spoken(value_text(value))
    limits = [float(limit)] if isinstance(limit, int | float) and not isinstance(limit, bool) else []
    return f"{shown(float(value), *limits)}{_unit(criterion)}"

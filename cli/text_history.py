"""Confidence, history, calibration and policy replay as text."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from math import ceil

from ..core.records.decisions.calibration import Calibration, ReliabilityBin
from ..core.records.decisions.confidence import ReleaseConfidence
from ..core.records.decisions.history import DeploymentOutcome
from ..core.records.decisions.replay import HistoryReport, PolicyReplay, VerdictErrors
from .text import Look, cleaned, confidence_number, facts, table, time_text

_PLAIN = Look()
SCALE = 50
"""Characters of a scale from 0 to 100."""
PERIODS = 13
"""Rows of the history chart, about."""
MARKS = {"success": "#", "failed": "x", "rolled_back": "r"}
"""Of a deployment in the chart."""


def confidence_text(found: ReleaseConfidence, look: Look = _PLAIN) -> str:
    """Score, interval on its scale, and what it rests on."""
    found = cleaned(found)
    low, high = found.interval
    pools = ", ".join(f"{p.name}: {p.successes} of {p.deployments} succeeded" for p in found.pools)
    rows = [
        ("Confidence", f"{confidence_number(found.score)} of 100 ({found.level.replace('_', ' ')})"),
        ("95 % interval", f"{confidence_number(low)} to {confidence_number(high)}"),
        ("Certainty", found.certainty),
        ("Baseline", f"{confidence_number(found.baseline)} ({found.difference:+.1f} points)"),
        ("Based on", f"{found.reason} ({found.method})"),
        ("Deployments", f"{pools or 'none'}; they count for {found.effective_deployments:.1f}"),
        ("Similar releases", found.similar_releases),
        ("Window", f"{found.window_days:.10g} days"),
        ("Recommendation", found.recommendation),
    ]
    lines = facts(rows)
    scale = f"0 {_scale(low, found.score, high)} 100"
    return "\n".join([*look.title(f"Release confidence: {found.version}"), lines, "", scale])


def history_text(report: HistoryReport, look: Look = _PLAIN, *, chart: bool = False) -> str:
    """Deployments as a table or a chart, then the calibration report and the replay."""
    report = cleaned(report)
    calibration = report.calibration
    lines = look.title(f"Deployments to {calibration.environment}, last {calibration.days:.10g} days")
    if not report.deployments:
        lines.append("none; `aqe deploy record-outcome` adds one")
    elif chart:
        lines += _chart(report.deployments, calibration.computed_at, calibration.days)
    else:
        lines.append(_deployments(report.deployments))
    lines += ["", *look.title("Predicted and observed failures"), *_calibrations(calibration.calibrations, chart)]
    lines += ["", *_verdicts("Decisions", calibration.verdicts)]
    if report.replay:
        lines += ["", *_replay(report.replay, look)]
    return "\n".join(lines)


def _scale(low: float, middle: float, high: float) -> str:
    """`....[--|-]..` of a number and its interval on 0 to 100."""
    cells = ["."] * (SCALE + 1)
    first, place, last = (round(value / 100 * SCALE) for value in (low, middle, high))
    cells[first : last + 1] = "-" * (last + 1 - first)
    cells[first], cells[last], cells[place] = "[", "]", "|"
    return "".join(cells)


def _deployments(items: Iterable[DeploymentOutcome]) -> str:
    rows = []
    for item in items:
        before = item.before
        said = (before.risk, before.confidence, before.rollback_percent) if before else (None, None, None)
        numbers = ["-" if value is None else f"{value:.1f}" for value in said]
        decision = str(before.decision) if before and before.decision else "-"
        version = f"{item.version} ({item.region})" if item.region else item.version
        rows.append((version, time_text(item.deployed_at), item.outcome, decision, *numbers))
    return table(("VERSION", "DEPLOYED", "OUTCOME", "DECIDED", "RISK", "CONFIDENCE", "ROLLBACK %"), rows)


def _chart(items: Iterable[DeploymentOutcome], now: datetime, days: float) -> Iterator[str]:
    """A row a period of whole days, UTC; a sign a deployment, or several of one outcome."""
    length_days = max(1, ceil(days / PERIODS))
    count = ceil((days + 1) / length_days)
    length = timedelta(days=length_days)
    start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) - count * length
    periods: list[list[DeploymentOutcome]] = [[] for _ in range(count)]
    for item in items:
        periods[min(count - 1, max(0, int((item.deployed_at - start) / length)))].append(item)
    most = max(map(len, periods))
    each = max(1, -(-most // SCALE))
    legend = "  ".join(f"{sign} {word}" for word, sign in MARKS.items())
    yield legend + (f"; a sign is up to {each} deployments" if each > 1 else "")
    for number, period in enumerate(periods):
        tally = Counter[str](item.outcome for item in period)
        # Rounded up: the one failure of many deployments is not to vanish.
        signs = "".join(sign * ceil(tally[outcome] / each) for outcome, sign in MARKS.items())
        yield f"{start + number * length:%Y-%m-%d}  {signs}".rstrip()


def _calibrations(found: Iterable[Calibration], chart: bool) -> Iterator[str]:
    rows = []
    for one in found:
        if one.reason:
            rows.append((one.of, one.predictions, one.failures, one.reason))
            continue
        rows.append((one.of, one.predictions, one.failures, _figures(one)))
    yield table(("OF", "OUTCOMES", "FAILED", "BRIER, SKILL, CALIBRATION ERROR, AUC"), rows)
    for one in found if chart else ():
        if one.bins:
            yield ""
            yield f"Reliability of {one.of}: o observed, | predicted, [--] where 95 % would fall"
            yield from map(_reliability, one.bins)


def _figures(one: Calibration) -> str:
    def number(value: float | None, interval: tuple[float, float] | None = None, sign: str = "") -> str:
        if value is None:
            return "-"
        around = f" ({interval[0]:{sign}.3f} to {interval[1]:{sign}.3f})" if interval else ""
        return f"{value:{sign}.3f}{around}"

    return "; ".join(
        (
            number(one.brier),
            number(one.brier_skill, one.brier_skill_interval, "+"),
            number(one.ece, one.ece_interval),
            number(one.auc),
        )
    )


def _reliability(found: ReliabilityBin) -> str:
    least, most = (100 * failures / found.predictions for failures in found.expected)
    cells = list(_scale(least, found.predicted_percent, most))
    cells[round(found.observed_percent / 100 * SCALE)] = "o"
    numbers = f"{found.predicted_percent:5.1f} % predicted, {found.observed_percent:5.1f} % of {found.predictions}"
    return f"  {''.join(cells)}  {numbers}"


def _verdicts(title: str, found: VerdictErrors) -> Iterator[str]:
    if not found.releases:
        yield f"{title}: none of these deployments was assessed before"
        return
    wrong = [
        (f"{found.false_blocks} NO-GO but succeeded", found.false_block_percent, "of the successes"),
        (f"{found.false_passes} GO but failed", found.false_pass_percent, "of the failures"),
    ]
    shown = "; ".join(f"{words} ({share:.1f} % {of})" if share is not None else words for words, share, of in wrong)
    yield f"{title}: {found.releases} judged, {found.blocked} NO-GO; {shown}"


def _replay(found: PolicyReplay, look: Look) -> Iterator[str]:
    yield from look.title(f"Replay of policy {found.policy}")
    if found.not_replayable:
        yield f"{found.not_replayable} deployments cannot be replayed: nobody assessed them before"
    if found.releases:
        rows = [(r.version, r.outcome, r.decided or "-", r.decision, r.because) for r in found.releases]
        yield table(("VERSION", "OUTCOME", "DECIDED", "NOW", "BECAUSE"), rows)
    yield from _verdicts("Under this policy", found.verdicts)

"""Numbers for people: short, and never rounded across a line that matters."""

from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import pairwise

_LONGEST = 1e15
"""From here on a number has more digits than anybody counts, and than a float holds: `1e+15`."""


def shown(value: float, *limits: float) -> str:
    """Two decimals at most, more where two would say something else.

    A rounded number stays on the side of each limit on which the number is, and 0 and 100 are shown only for 0 and 100.

    Args:
        value: finite.
        limits: lines that matter to the reader, such as a gate's limit.

    >>> shown(99.829351, 85), shown(84.996, 85), shown(99.9999), shown(40.001, 40), shown(3)
    ('99.83', '84.996', '99.9999', '40.001', '3')
    """
    for digits in range(2, 15):
        text = f"{value:.{digits}f}"
        rounded = float(text)
        same_side = all((rounded > limit) - (rounded < limit) == (value > limit) - (value < limit) for limit in limits)
        if same_side and (rounded == value or rounded not in (0, 100)):
            return text.rstrip("0").rstrip(".")
    return f"{value:.15g}"


def risk_number(risk: float) -> str:
    """A risk from 0 to 100, rounded up to one decimal: 20.01 reads 20.1 beside MEDIUM; "100" only when it is 100.

    >>> [risk_number(risk) for risk in (20, 20.01, 78.25, 99.99, 100)]
    ['20', '20.1', '78.3', '99.9', '100']
    """
    return _tenths(risk, ROUND_FLOOR if 99 < risk < 100 else ROUND_CEILING)


def confidence_number(confidence: float) -> str:
    """A confidence from 0 to 100, rounded down to one decimal: "100" only when it is 100."""
    return _tenths(confidence, ROUND_FLOOR)


def percent(share: float) -> str:
    """A share from 0 to 1 in whole percent: "100 %" only when it is all, "0 %" only when it is nothing.

    >>> [percent(share) for share in (0, 0.004, 0.29, 0.996, 1)]
    ['0 %', 'under 1 %', '29 %', 'over 99 %', '100 %']
    """
    whole = int((Decimal(str(share)) * 100).quantize(Decimal(1), ROUND_HALF_UP))
    if whole == 0 and share > 0:
        return "under 1 %"
    return "over 99 %" if whole == 100 and share < 1 else f"{whole} %"


def fine_percent(share: float) -> str:
    """A share from 0 to 1 in percent, where hundredths tell something: availability, rates of errors.

    >>> [fine_percent(share) for share in (0, 0.00042, 0.256, 0.9996, 0.999996, 1)]
    ['0 %', '0.04 %', '25.6 %', '99.96 %', '99.9996 %', '100 %']
    """
    return f"{shown(100 * share)} %"


def counted(number: int, word: str, plural: str | None = None) -> str:
    """A number and what is counted, in the singular for one.

    Args:
        plural: where it is not the word with an s.

    >>> counted(1, "known user"), counted(1200, "time"), counted(2, "anomaly", "anomalies")
    ('1 known user', '1,200 times', '2 anomalies')
    """
    return f"{number:,} {word if number == 1 else plural or f'{word}s'}"


def value_text(value: object) -> str:
    """A measured value in four digits, but never 0 or 100 when it is not."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    short = f"{value:.0f}" if 10_000 <= abs(value) < _LONGEST else f"{value:.4g}"
    return f"{value:.15g}" if float(short) in (0, 100) and float(short) != value else short


def amount(value: float, unit: str | None) -> str:
    """A value of a series with its unit: units as OpenTelemetry and Prometheus write them, as people read them.

    Args:
        unit: `share` (0 to 1), `By`, `By/s`, `ms`, `percent`, `1`, `{requests}`, ...; None = nobody said.

    >>> amount(0.4, "share"), amount(501307914, "By"), amount(10937646, "By/s"), amount(85.86, "percent")
    ('40 %', '501.3 MB', '10.94 MB/s', '85.86 %')
    >>> amount(12.5, "ms"), amount(4, "{requests}"), amount(4, "1"), amount(4, None)
    ('12.5 ms', '4 requests', '4', '4')
    """
    name, per, rest = (unit or "").partition("/")
    if name == "share":
        return f"{value_text(100 * value)} %"
    if name == "By":
        value, name = _bytes(value)
    name = "%" if name == "percent" else "" if name == "1" else name.strip("{}")
    return f"{value_text(value)} {name}{per}{rest}".rstrip()


def _bytes(value: float) -> tuple[float, str]:
    for size, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(value) >= size:
            return float(value) / size, name
    return value, "B"


def time_text(at: datetime | None) -> str:
    """`2026-01-10 12:00:05 UTC`; a dash for None."""
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def duration_text(seconds: float | None) -> str:
    """`0.4 s`, `12 s`, `5 min`, `1 h 55 min`, `2 d 7 h`; a dash for None. The rest is cut off.

    >>> [duration_text(s) for s in (0.42, 59, 60, 6_950, 7200, 200_000, None)]
    ['0.4 s', '59 s', '1 min', '1 h 55 min', '2 h', '2 d 7 h', '-']
    """
    if seconds is None:
        return "-"
    for (size, unit), (smaller, its_unit) in pairwise(((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))):
        if seconds >= size:
            rest = int(seconds % size / smaller)
            return f"{int(seconds / size)} {unit}" + (f" {rest} {its_unit}" if rest else "")
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def _tenths(number: float, rounding: str) -> str:
    return f"{Decimal(str(number)).quantize(Decimal('0.1'), rounding):f}".removesuffix(".0")

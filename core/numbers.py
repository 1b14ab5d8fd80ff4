"""Numbers for people: short, and never rounded across a line that matters."""


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

"""What criteria and fields are called in print."""

from ...core.criteria import CRITERIA

_UNITS = {"_percent": " %", "_ms": " ms", "_rps": " rps"}
"""Ending of a field's name -> how its unit is printed."""


def label_of(criterion: str) -> str:
    """`p95 latency` of `max_p95_latency_ms`."""
    label = criterion.removeprefix("min_").removeprefix("max_")
    field = CRITERIA[criterion].field[0]
    ending = next((ending for ending in _UNITS if field.endswith(ending)), "")
    return label.removesuffix(ending).replace("_", " ")


def unit_of(field: str) -> str:
    """How the unit of a signal's field is printed after a value: ` ms`, or nothing."""
    return next((unit for ending, unit in _UNITS.items() if field.endswith(ending)), "")

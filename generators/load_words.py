"""What load tests for all tools have in common."""

from itertools import groupby

from ..core.records.production.load_test import LoadLimit

DATA_ENV = "AQE_LOAD_DATA"
"""Environment variable with the path of ids and bodies that exist where the test runs."""
IDS = tuple(str(n) for n in range(1, 11))
"""Made up; plain numbers are what most test data are called."""
BODY_METHODS = ("POST", "PUT", "PATCH")
GOLDEN = "0.6180339887498949"
"""Its multiples modulo 1 are spread most evenly: Weyl, Mathematische Annalen 77 (1916); Knuth, TAOCP 3, section 6.4."""


def limits_by_figure(limits: tuple[LoadLimit, ...]) -> list[tuple[tuple[str, str | None], list[LoadLimit]]]:
    """Limits of one figure of one endpoint together: those of response times are one figure, `time`."""

    def key(limit: LoadLimit) -> tuple[str, str | None]:
        return limit.figure if limit.figure in ("errors", "refused") else "time", limit.endpoint

    return [(of, list(group)) for of, group in groupby(limits, key)]

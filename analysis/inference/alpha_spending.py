"""Looking often without being fooled more often: how much error each look may spend.

A test that is made at every check would raise a false alarm sooner or later. The error allowed so far grows with the
information that has come in: little at the first looks, all of it when as much is seen as was planned. Beyond the plan
each further doubling gets less, so that one may look for ever.

>>> [round(spent(progress, alpha=0.02), 5) for progress in (0.1, 0.5, 1.0, 2.0, 8.0)]
[0.00063, 0.00707, 0.02, 0.005, 0.00125]

Reference: Lan and DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70 (1983); the power family
of Kim and DeMets (1987). What it comes to for our tests is measured, see docs/benchmarks.md.
"""

from math import log2

POWER = 1.5
"""Of the family: the higher, the less is spent early."""


def spent(progress: float, *, alpha: float) -> float:
    """The level of a test at this point.

    Args:
        progress: seen so far over planned, above 0.
        alpha: of all looks together within the plan, 0 < alpha < 1.
    """
    if progress <= 1:
        return float(alpha * max(progress, 0.0) ** POWER)
    return float(alpha / (1 + log2(progress)) ** 2)

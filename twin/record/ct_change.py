"""Is the difference between two CT measurements more than the errors of both explain?"""

from math import sqrt
from typing import Literal

Verdict = Literal["changed", "no_real_change", "cannot_tell"]

Z = 1.96  # two-sided 95 %


def least_real(sd_before: float | None, sd_after: float | None) -> float | None:
    """Return the smallest difference that is real with 95 % (the values' unit); None where an error is not known.

    Both errors are taken as normal and independent. That understates the sure change of one lesion on one scanner, and
    overstates it where scanner, kernel or slice thickness changed: those shift all values alike.
    """
    if sd_before is None or sd_after is None or not sd_before > 0 or not sd_after > 0:
        return None
    return Z * sqrt(sd_before * sd_before + sd_after * sd_after)


def verdict(before: float, after: float, least: float | None) -> Verdict:
    """Return whether the change is real, given the least difference that would be."""
    if least is None:
        return "cannot_tell"
    return "changed" if abs(after - before) > least else "no_real_change"

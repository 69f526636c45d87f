"""Is this change real? Each value is judged against the one before by the reference change value (formulas.md 6)."""

from collections.abc import Sequence
from functools import cache
from math import isfinite, sqrt
from typing import Literal

import numpy as np

from twin.forecast.motion import Motion
from twin.scores.rcv import rcv

Verdict = Literal["changed", "no_real_change", "cannot_tell"]

Z = 1.96  # two-sided 95 %
AVERAGED = 3
LOG_ABOVE_CVI = 0.12  # fraction; above it the log-normal limits hold (formulas.md section 6)


def verdict(motion: Motion | None, before: float, after: float) -> Verdict:
    """Return whether `after` differs from `before` by more than biology and the analyser explain.

    Args:
        motion: the signal's variation; None where it is not known. before, after: canonical unit.

    Short-term variation of healthy adults: over years, or in illness, more of what is called "changed" is nothing new.
    """
    if motion is None or not before > 0 or not isfinite(after):
        return "cannot_tell"
    low, high = _limits(motion.cvi, motion.cva)
    return "no_real_change" if low <= 100 * (after - before) / before <= high else "changed"


def verdict_of_course(values: Sequence[float], sd_first: float, sd_last: float) -> Verdict:
    """Return whether a course differs between its two ends, judged on the means of up to three values at each.

    Args:
        values: oldest first, at least two. sd_first, sd_last: of one value's noise at either end.

    The variance of a mean of n values is that of one divided by n (formulas.md section 6). Where the first and the last
    value themselves differ the other way, or by less than half as much, nothing has really changed.
    """
    count = min(AVERAGED, len(values) // 2)
    spread = sqrt((sd_first * sd_first + sd_last * sd_last) / count)
    if not spread > 0:
        return "cannot_tell"
    change = (sum(values[-count:]) - sum(values[:count])) / count
    shown = (values[-1] - values[0]) * (1 if change > 0 else -1)
    return "changed" if shown >= abs(change) / 2 and abs(change) > Z * spread else "no_real_change"


@cache
def _limits(cvi: float, cva: float) -> tuple[float, float]:
    """The limits of change in percent, fractions in."""
    limits = rcv(np.asarray(cvi * 100), np.asarray(cva * 100), np.asarray(Z))
    if cvi > LOG_ABOVE_CVI:
        return float(limits["rcv_log_down_pct"]), float(limits["rcv_log_up_pct"])
    return -float(limits["rcv_normal_pct"]), float(limits["rcv_normal_pct"])

"""What an alert at each visit would have added, walking the past as it was known then.

An alert at t tells of the event within (t, t + horizon]. Soon after it another one tells mostly what was told already,
and costs as much attention. So a visit is scored by the risk that no earlier alert spoke of: under a threshold the
earlier alerts are those at the visits that reached it, and the score of a visit is the highest threshold under which
an alert at it would still tell of that much risk. A first visit scores its risk; one whose risk has risen a lot scores
its risk again; one that says the same as a year ago scores the risk of the year that was added.
"""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEPS_A_YEAR = 4  # risks are worked out this often; between them straight lines


def ahead(horizon: float) -> Array:
    """Return the times ahead, years, at which `scores` needs the risks: ascending, the last one the horizon."""
    return np.linspace(0.0, horizon, max(int(np.ceil(horizon * STEPS_A_YEAR)), 1) + 1)[1:]


def scores(patient: NDArray[np.int64], time: Array, risk: Array, horizon: float) -> Array:
    """Return the score of each visit, (N,), in whatever order they stand.

    Args:
        patient, time: (N,) whose visit, and when (years). risk: (N, H) P(event within each of `ahead(horizon)`).
    """
    rising = np.maximum.accumulate(np.column_stack((np.zeros(len(time)), risk)), axis=1)
    steps = np.concatenate(([0.0], ahead(horizon)))
    order = np.lexsort((time, patient))
    found = np.zeros(len(time))
    for rows in np.split(order, np.flatnonzero(np.diff(patient[order])) + 1) if len(order) else ():
        found[rows] = _of_one(time[rows], rising[rows], steps)
    return found


def _of_one(time: Array, rising: Array, steps: Array) -> Array:
    """The scores of one patient's visits, ascending in time; visits of one moment don't silence each other."""
    horizon, found = steps[-1], np.zeros(len(time))
    for at, now in enumerate(time):
        first, last = np.searchsorted(time, (now - horizon, now), side="left")
        before = sorted(zip(found[first:last], time[first:last] + horizon, strict=True), reverse=True)
        found[at] = _highest(partial(_left, now=now, steps=steps, rising=rising[at]), before, now)
    return found


def _left(until: float, *, now: float, steps: Array, rising: Array) -> float:
    """The risk of the event after `until` and within the horizon."""
    return float(rising[-1] - np.interp(until - now, steps, rising))


def _highest(left: Callable[[float], float], before: Iterable[tuple[float, float]], now: float) -> float:
    """The highest threshold that an alert would reach; `before`: (score, told until) of visits, highest first."""
    until, ceiling = now, np.inf
    for score, end in before:
        reached = min(left(until), ceiling)
        if reached > score:
            return reached
        until, ceiling = max(until, end), score
    return min(left(until), ceiling)

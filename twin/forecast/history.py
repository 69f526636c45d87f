"""What a patient's past readings of one quantity say at a moment: the newest, the level, the slope, how often.

Everything is summed up from readings at or before the moment asked, one patient's alone, so the digits are the same for
one patient and for a million. What a summary needs and the past does not hold is NaN: "not known", which the models
give a place of its own (`hazards.design`).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

RECENT_YEARS = 1.0  # the weight of a reading halves in this time in `recent`: a house value, one clinic year
SLOPE_YEARS = 3.0  # and in this time in `slope`: long enough for a yearly visit to give one
_SLOPE_SHRINKAGE = 0.5  # years squared: a slope from readings days apart is no slope
_SPREAD_SHRINKAGE = 0.3  # of the quantity's own SD over everybody: a spread from two readings is no spread
_SAME_MOMENT = 1e-6  # years; half a minute, the rounding of written times

NUMBER_SUMMARIES = ("newest", "recent", "slope", "mean", "spread", "highest", "lowest", "since", "count", "step")
STATE_SUMMARIES = ("newest", "mean", "last_year", "step", "noted")
PACE_SUMMARIES = ("visits", "visits_last_year", "since_visit", "known_for")


@dataclass(frozen=True, kw_only=True, slots=True)
class Readings:
    """Readings of one quantity, sorted by patient, then time.

    patient: (N,) index 0..P-1. time: (N,) years. value: (N,) on the working scale. start: (P + 1,) where each begins.
    """

    patient: Index
    time: Array
    value: Array
    start: Index

    @staticmethod
    def of(patient: Index, time: Array, value: Array, patients: int) -> "Readings":
        """Sort readings that come in any order; those without a value are left out."""
        kept = np.flatnonzero(np.isfinite(value) & np.isfinite(time))
        order = kept[np.lexsort((value[kept], time[kept], patient[kept]))]
        start = np.searchsorted(patient[order], np.arange(patients + 1)).astype(np.int64)
        return Readings(patient=patient[order], time=time[order], value=value[order], start=start)


def number(readings: Readings, patient: Index, at: Array, everybody_sd: float) -> dict[str, Array]:
    """Return `NUMBER_SUMMARIES` of a measured number, each (M,).

    Args:
        patient: (M,) whose. at: (M,) years. everybody_sd: of the quantity over all patients, to shrink the spread by.

    `since` and `count` are log(1 + x); `spread` is the logarithm of an SD; `step` the newest less the one before.
    """
    table = _number(readings.time, readings.value, readings.start, patient, at + _SAME_MOMENT, everybody_sd)
    return dict(zip(NUMBER_SUMMARIES, table.T, strict=True))


def state(readings: Readings, patient: Index, at: Array) -> dict[str, Array]:
    """Return `STATE_SUMMARIES` of something that is there or not, or has a grade, each (M,).

    `noted`, how long ago it last was, is log(1 + years).
    """
    table = _state(readings.time, readings.value, readings.start, patient, at + _SAME_MOMENT)
    return dict(zip(STATE_SUMMARIES, table.T, strict=True))


def pace(visits: Readings, patient: Index, at: Array) -> dict[str, Array]:
    """Return `PACE_SUMMARIES`, each (M,): how often somebody is seen is itself a sign.

    Counts and `since_visit` are log(1 + x).
    """
    table = _pace(visits.time, visits.start, patient, at + _SAME_MOMENT)
    return dict(zip(PACE_SUMMARIES, table.T, strict=True))


@njit(cache=True)
def _step(time: Array, value: Array, first: int, end: int) -> float:
    """The newest reading less the one before it, NaN without one; readings of the same moment are no change."""
    for i in range(end - 2, first - 1, -1):
        if time[i] < time[end - 1] - _SAME_MOMENT:
            return float(value[end - 1] - value[i])
    return float(np.nan)


@njit(cache=True)
def _number(time: Array, value: Array, start: Index, patient: Index, at: Array, sd: float) -> Array:
    out = np.full((len(patient), 10), np.nan)
    for row in range(len(patient)):
        first = start[patient[row]]
        end = first + np.searchsorted(time[first : start[patient[row] + 1]], at[row], side="right")
        count = end - first
        out[row, 8] = np.log1p(count)
        if count == 0:
            continue
        total, high, low = 0.0, -np.inf, np.inf
        near, near_sum, far, far_sum, far_time = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(first, end):
            ago, here = at[row] - time[i], value[i]
            total += here
            high, low = max(high, here), min(low, here)
            a, b = 2.0 ** (-ago / RECENT_YEARS), 2.0 ** (-ago / SLOPE_YEARS)
            near += a
            near_sum += a * here
            far += b
            far_sum += b * here
            far_time -= b * ago
        mean = total / count
        squares, sxx, sxy = 0.0, 0.0, 0.0
        for i in range(first, end):
            ago, here = at[row] - time[i], value[i]
            squares += (here - mean) ** 2
            if far > 0.0:
                b = 2.0 ** (-ago / SLOPE_YEARS)
                moment = -ago - far_time / far
                sxx += b * moment * moment
                sxy += b * moment * (here - far_sum / far)
        out[row, 0] = value[end - 1]
        out[row, 1] = near_sum / near if near > 0.0 else value[end - 1]
        out[row, 2] = sxy / (sxx + _SLOPE_SHRINKAGE)
        out[row, 3] = mean
        out[row, 4] = 0.5 * np.log((squares + 0.5 * (_SPREAD_SHRINKAGE * sd) ** 2) / (count + 0.5))
        out[row, 5] = high
        out[row, 6] = low
        out[row, 7] = np.log1p(max(at[row] - time[end - 1], 0.0))
        out[row, 9] = _step(time, value, first, end)
    return out


@njit(cache=True)
def _state(time: Array, value: Array, start: Index, patient: Index, at: Array) -> Array:
    out = np.full((len(patient), 5), np.nan)
    for row in range(len(patient)):
        first = start[patient[row]]
        end = first + np.searchsorted(time[first : start[patient[row] + 1]], at[row], side="right")
        if end == first:
            continue
        total, lately, count = 0.0, 0.0, 0
        for i in range(first, end):
            total += value[i]
            if time[i] > at[row] - 1.0:
                lately += value[i]
                count += 1
        out[row, 0] = value[end - 1]
        out[row, 1] = total / (end - first)
        if count > 0:
            out[row, 2] = lately / count
        out[row, 3] = _step(time, value, first, end)
        out[row, 4] = np.log1p(max(at[row] - time[end - 1], 0.0))
    return out


@njit(cache=True)
def _pace(time: Array, start: Index, patient: Index, at: Array) -> Array:
    out = np.full((len(patient), 4), np.nan)
    for row in range(len(patient)):
        first = start[patient[row]]
        own = time[first : start[patient[row] + 1]]
        end = np.searchsorted(own, at[row], side="right")
        out[row, 0] = np.log1p(end)
        out[row, 1] = np.log1p(end - np.searchsorted(own, at[row] - 1.0, side="right"))
        if end > 0:
            out[row, 2] = np.log1p(max(at[row] - own[end - 1], 0.0))
            out[row, 3] = at[row] - own[0]
    return out

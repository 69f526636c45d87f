"""How sure is an observed share where few patients had the event, or few had not?

A bootstrap of patients none of whom had the event says 0 to 0, whoever is drawn; with one or two its upper end is too
low. There the interval is Wilson's (1927, doi:10.1080/01621459.1927.10502953), which holds near 0 and 1: Brown, Cai and
DasGupta 2001, doi:10.1214/ss/1009213286. Without an event its upper end is 3.84 / (n + 3.84), a little above the "rule
of three". The n is of patients, not of rows, and less where they weigh unequally: (sum w)^2 / sum w^2 of the weights a
patient has in all (Kish 1965, Survey Sampling). So all rows of a patient count as one, which is right where they end
alike and says too wide an interval where they do not.
"""

from math import sqrt

import numpy as np

from twin.forecast.evaluate.cells import Cell
from twin.forecast.evaluate.figure import Figure, figure
from twin.forecast.evaluate.rows import Array

FEW = 5  # patients with the event, or without: the custom for an expected count (house value)
_Z = 1.959964  # of the normal, 95 %


def share(cell: Cell, rows: np.ndarray, drawn: Array) -> Figure:
    """Return the share of `rows` of a cell that had the event, with its interval; NaN where nothing is known of them.

    Args:
        rows: (K,) places in the cell. drawn: (1 + repeats,) the share as it is, and as bootstrap samples give it.
    """
    found = figure(drawn)
    kept = rows[cell.weight[rows] > 0]
    had, had_not = kept[cell.event[kept] == 1], kept[cell.event[kept] == 0]
    if min(_people(cell, had), _people(cell, had_not)) >= FEW or not np.isfinite(found.value):
        return found
    low, high = wilson(found.value, effective(cell, kept))
    return Figure(value=found.value, low=low, high=high)


def effective(cell: Cell, rows: np.ndarray) -> float:
    """Return for how many equal patients the patients of these rows stand."""
    _, number = np.unique(cell.patient[rows], return_inverse=True)
    weight = np.bincount(number, weights=cell.weight[rows])
    return float(weight.sum() ** 2 / (weight**2).sum())


def wilson(share: float, people: float) -> tuple[float, float]:
    """Return the ends of Wilson's 95 % interval of a share among so many.

    >>> [round(end, 4) for end in wilson(0.0, 100)]
    [0.0, 0.037]
    """
    z2 = _Z * _Z / people
    centre = (share + z2 / 2) / (1 + z2)
    half = sqrt(share * (1 - share) * z2 + z2 * z2 / 4) / (1 + z2)
    return min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share)


def _people(cell: Cell, rows: np.ndarray) -> int:
    return len(np.unique(cell.patient[rows]))

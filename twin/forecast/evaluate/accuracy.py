"""How far are the risks from what happened?"""

import numpy as np

from twin.forecast.evaluate.cells import Cell
from twin.forecast.evaluate.rows import Array


def event_rate(cell: Cell, weights: Array) -> Array:
    """Return the observed share with the event: weights (R, N) to (R,)."""
    return np.asarray((weights * cell.event).sum(axis=1) / weights.sum(axis=1))


def brier(cell: Cell, weights: Array, people: Array) -> Array:
    """Return the Brier score: weights (R, N), people (R,) to (R,); lower is better.

    Source: Graf et al. 1999, doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5.
    """
    return np.asarray((weights * (cell.event - cell.risk) ** 2).sum(axis=1) / people)


def scaled_brier(cell: Cell, weights: Array, people: Array) -> Array:
    """Return 1 - Brier / Brier of the event rate given to everybody: 0 is useless, below 0 worse than that."""
    rate = event_rate(cell, weights)[:, None]
    null = (weights * (cell.event - rate) ** 2).sum(axis=1) / people
    return np.asarray(1 - brier(cell, weights, people) / null)

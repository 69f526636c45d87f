"""Is acting on the model better than acting on everybody, or on nobody?

Source: Vickers and Elkin 2006, doi:10.1177/0272989X06295361; censored data Vickers et al. 2008,
doi:10.1186/1472-6947-8-53.
"""

import numpy as np

from twin.forecast.evaluate.cells import Cell
from twin.forecast.evaluate.rows import Array


def net_benefit(cell: Cell, weights: Array, threshold: float) -> Array:
    """Return true positives less false positives at the odds of the threshold, a person: weights (R, N) to (R,)."""
    return _net(cell, weights, threshold, cell.risk >= threshold)


def net_benefit_of_all(cell: Cell, weights: Array, threshold: float) -> Array:
    """Return the net benefit of acting on everybody: (R,). That of acting on nobody is 0."""
    return _net(cell, weights, threshold, np.ones(len(cell.risk), dtype=np.bool_))


def _net(cell: Cell, weights: Array, threshold: float, is_acted_on: np.ndarray) -> Array:
    acted = weights * is_acted_on
    odds = threshold / (1 - threshold)
    return np.asarray((acted @ cell.event - odds * (acted @ (1 - cell.event))) / weights.sum(axis=1))

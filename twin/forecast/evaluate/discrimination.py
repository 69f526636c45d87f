"""Does the model rank those with the event above those without?"""

from collections.abc import Callable

import numpy as np

from twin.forecast.evaluate.cells import Cell
from twin.forecast.evaluate.rows import Array


def auc(cell: Cell) -> Callable[[Array], Array]:
    """Return how the AUC follows from the weights of the rows: (R, N) to (R,).

    Time-dependent, cumulative cases against dynamic controls, those with a competing event among the controls; a tie
    counts half. Source: Blanche, Dartigues and Jacqmin-Gadda 2013, doi:10.1002/sim.5958. Blind to calibration.
    """
    order = np.argsort(cell.risk, kind="stable")
    risk, event = cell.risk[order], cell.event[order]
    below, upto = np.searchsorted(risk, risk, "left"), np.searchsorted(risk, risk, "right")

    def measure(weights: Array) -> Array:
        rows = weights[:, order]
        controls = np.cumsum(np.pad(rows * (1 - event), ((0, 0), (1, 0))), axis=1)
        cases = rows * event
        won = (cases * (controls[:, below] + controls[:, upto])).sum(axis=1) / 2
        return np.asarray(won / (cases.sum(axis=1) * controls[:, -1]))

    return measure

"""How sure a risk is: the delta method on log(-log(1 - F)), in all that the hazards of both causes were learnt from.

Of the sum the covariance of its coefficients; of the net how far its parts lie from each other (`net`). Both were
learnt from the same patients, so their errors are taken to go together: the wider answer. The two causes' errors are
taken to be independent. That a net was chosen at all is not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twin.forecast.hazards.design import Matrix

Array = NDArray[np.float64]
_Z95 = 1.959963984540054
_ALMOST_ONE = 1.0 - 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a cause's hazard is, (N, J) a year, and what it rests on.

    covariance: (T, T) of the sum's coefficients. off: (G, N, J) how far the net's parts lie from their mean, log
    hazard; None without a net.
    """

    hazard: Array
    covariance: Array
    off: Array | None = None


def interval(laid: Matrix, growth: Array, causes: Sequence[Told], years: Array, value: Array) -> tuple[Array, Array]:
    """Return the ends (N,) of the 95 % interval of a cumulative incidence.

    Args:
        laid: the columns of the sums. causes: the event, and what competes. years: (N, J) spent in each interval.
    """
    told = np.clip(value, 1e-300, _ALMOST_ONE)
    cumulative = -np.log1p(-told)
    steep = 1.0 / ((1.0 - told) * cumulative)
    variance = np.zeros(len(told))
    other = causes[1].hazard if len(causes) > 1 else np.zeros_like(causes[0].hazard)
    for cause, slope in zip(causes, _slopes(causes[0].hazard, other, years), strict=False):
        share = slope * steep[:, np.newaxis]
        columns = laid.columns * summed(share, np.ones(share.shape[1]))[:, np.newaxis]
        fading = laid.lines * summed(share, growth)[:, np.newaxis]
        own = np.maximum(_quadratic(np.concatenate((share, columns, fading), axis=1), cause.covariance), 0.0)
        if cause.off is not None:
            own = (np.sqrt(own) + np.sqrt(_jackknife(share, cause.off))) ** 2 / 4.0  # each is half of the log hazard
        variance += own
    factor = np.exp(_Z95 * np.sqrt(variance))
    low, high = -np.expm1(-cumulative / factor), -np.expm1(-np.minimum(cumulative * factor, 700.0))
    # at 0 and at 1 the scale ends
    return np.minimum(low, value), np.where(value > 0.0, np.maximum(high, value), 0.0)


def summed(columns: Array, weights: Array) -> Array:
    """Return each row's sum of `columns` (N, C) times `weights` (C,).

    Term by term, not by a matrix product, whose order of addition depends on how many rows there are: one patient's
    digits are the same alone and in a batch.
    """
    found = np.zeros(len(columns))
    for column, weight in enumerate(weights):
        found += columns[:, column] * weight
    return found


def _jackknife(share: Array, off: Array) -> Array:
    """The variance (N,) of the mean of the net's parts, each of which left out one group of the patients."""
    found = np.zeros(len(share))
    for part in off:
        found += summed(share * part, np.ones(share.shape[1])) ** 2
    return found * (len(off) - 1) / len(off)


def _slopes(event: Array, other: Array, years: Array) -> tuple[Array, Array]:
    """dF / d log h of the event and of what competes, in each interval: (N, J) each."""
    total = np.maximum(event + other, 1e-300)
    stays = np.exp(-total * years)
    left = np.cumprod(np.concatenate((np.ones((len(event), 1)), stays[:, :-1]), axis=1), axis=1)
    ends = -np.expm1(-total * years) / total
    found = left * ends * event
    later = np.cumsum(found[:, ::-1], axis=1)[:, ::-1] - found  # what is still to come after an interval
    lasting = left * event / total * years * stays - years * later
    both = left * ends / total
    return event * (both * other + lasting), other * (lasting - both * event)


@njit(cache=True)
def _quadratic(vectors: Array, square: Array) -> Array:
    """v'Sv of each row of (N, T): row by row, for the digits of a matrix product depend on how many rows there are."""
    out = np.zeros(len(vectors))
    for row in range(len(vectors)):
        for i in range(len(square)):
            if vectors[row, i] != 0.0:
                part = 0.0
                for j in range(len(square)):
                    part += square[i, j] * vectors[row, j]
                out[row] += vectors[row, i] * part
    return out

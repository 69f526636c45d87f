"""A small net beside the sum: the log hazard of a cause as several nets of one hidden layer tell it, on average.

    f_m(x) = v_m + V_m' selu(w_m + W_m' x)      (J,) a member; x: the lines and steps of its terms (`design`)

Each member learnt from four fifths of the patients (`learn`), and those who left out the same fifth speak as one part:
how far the parts lie from each other is the net's uncertainty, by the delete-a-group jackknife (Kott 2001, Journal of
Official Statistics 17:521). Row by row in loops: one patient's digits are the same alone and in a batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, expm1

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twin.forecast.hazards.design import Term, matrix

Array = NDArray[np.float64]

_SCALE, _ALPHA = 1.0507009873554805, 1.6732632423543772  # of SELU: Klambauer et al. 2017, arXiv:1706.02515
_FLAT = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Net:
    """first: (M, D, W), first_bias: (M, W), last: (M, W, J), last_bias: (M, J); member m is of part m % `parts`."""

    terms: tuple[Term, ...]
    parts: int
    first: Array
    first_bias: Array
    last: Array
    last_bias: Array


def inputs(terms: tuple[Term, ...], predictors: Mapping[str, Array]) -> Array:
    """Return what the members look at (N, D)."""
    laid = matrix(terms, predictors)
    return np.ascontiguousarray(np.concatenate((laid.lines, laid.steps), axis=1))


def log_hazards(net: Net, predictors: Mapping[str, Array]) -> tuple[Array, Array]:
    """Return the log hazard in each interval (N, J), and how far each part lies from it (G, N, J)."""
    members = _forward(inputs(net.terms, predictors), net.first, net.first_bias, net.last, net.last_bias)
    in_a_part = len(members) // net.parts
    parts = np.zeros((net.parts, *members.shape[1:]))
    for number, told in enumerate(members):
        parts[number % net.parts] += told / in_a_part
    mean = np.zeros(members.shape[1:])
    for part in parts:
        mean += part / net.parts
    return mean, parts - mean


def pulls(net: Net, predictors: Mapping[str, Array]) -> dict[str, Array]:
    """Return what each predictor adds to the log hazard (N,) each, averaged over intervals, 0 for an average patient.

    Integrated gradients from the average patient (Sundararajan et al. 2017, arXiv:1703.01365): they sum to the whole
    difference from that patient, and for one hidden layer the integral has a closed form.
    """
    shares = _shares(inputs(net.terms, predictors), net.first, net.first_bias, net.last)
    owners = (*(term.key for term in net.terms), *(term.key for term in net.terms if term.can_miss))
    found = {term.key: np.zeros(len(shares)) for term in net.terms}
    for column, key in enumerate(owners):
        found[key] = found[key] + shares[:, column]
    return found


@njit(cache=True)
def _selu(z: float) -> float:
    return _SCALE * z if z > 0.0 else _SCALE * _ALPHA * expm1(z)


@njit(cache=True)
def _rise(z: float) -> float:
    return _SCALE if z > 0.0 else _SCALE * _ALPHA * exp(z)


@njit(cache=True)
def _forward(x: Array, first: Array, first_bias: Array, last: Array, last_bias: Array) -> Array:
    """Return the log hazards (M, N, J)."""
    members, wide, width = first.shape
    out = np.empty((members, len(x), last.shape[2]))
    hidden = np.empty(width)
    for m in range(members):
        for n in range(len(x)):
            hidden[:] = first_bias[m]
            for d in range(wide):
                if x[n, d] != 0.0:
                    for w in range(width):
                        hidden[w] += x[n, d] * first[m, d, w]
            out[m, n] = last_bias[m]
            for w in range(width):
                bent = _selu(hidden[w])
                for j in range(last.shape[2]):
                    out[m, n, j] += bent * last[m, w, j]
    return out


@njit(cache=True)
def _shares(x: Array, first: Array, first_bias: Array, last: Array) -> Array:
    """Integrated gradients from 0 (N, D), the mean over members and intervals."""
    members, wide, width = first.shape
    out = np.zeros((len(x), wide))
    for m in range(members):
        for n in range(len(x)):
            for w in range(width):
                moved = 0.0
                for d in range(wide):
                    moved += x[n, d] * first[m, d, w]
                here, there = first_bias[m, w], first_bias[m, w] + moved
                slope = (_selu(there) - _selu(here)) / moved if abs(moved) > _FLAT else _rise(here)
                weight = 0.0
                for j in range(last.shape[2]):
                    weight += last[m, w, j] / last.shape[2]
                for d in range(wide):
                    out[n, d] += x[n, d] * first[m, d, w] * slope * weight / members
    return out

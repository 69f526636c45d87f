"""The arithmetic of one patient's joint state, compiled: exact discretisation, one scalar update a reading.

State: x (3K,) = levels, slopes, swings, as deviations from the population mean; P (3K, 3K) its covariance. Beside it
off (K, 2): the side of a pending wild reading, and since when; and tally (K, 5): readings seen, time and value of the
last, sum and count of squared surprises. `plain.py` is the same in plain NumPy matrices, the tests' oracle.
"""

from math import erfc, exp, log, pi, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twin.forecast.kernels import transition

Array = NDArray[np.float64]
SEEN, LAST, VALUE, SQUARES, COUNTED = range(5)  # the columns of a tally


@njit(cache=True)
def begin(x: Array, p: Array, prior: Array, swing: Array, rate: Array) -> None:
    """Set the state to what is known before any reading, in place."""
    signals = rate.shape[0]
    x[:] = 0.0
    p[:] = 0.0
    p[: 2 * signals, : 2 * signals] = prior
    for i in range(signals):
        for j in range(signals):
            p[2 * signals + i, 2 * signals + j] = swing[i, j] / (rate[i] + rate[j])


@njit(cache=True)
def propagate(
    x: Array, p: Array, years: float, drift: Array, wander: Array, swing: Array, rate: Array, relaxation: float
) -> None:
    """Move the state forward by `years`, in place."""
    if years <= 0.0:
        return
    signals = rate.shape[0]
    b, a, q_ll, q_ls, q_ss = transition(years, 1.0, 0.0, relaxation)
    fade = np.exp(-rate * years)
    for i in range(signals):
        x[i] += b * x[signals + i]
        x[signals + i] *= a
        x[2 * signals + i] *= fade[i]
    for i in range(signals):
        for j in range(3 * signals):
            p[i, j] += b * p[signals + i, j]
            p[signals + i, j] *= a
            p[2 * signals + i, j] *= fade[i]
    for j in range(3 * signals):
        for i in range(signals):
            p[j, i] += b * p[j, signals + i]
            p[j, signals + i] *= a
            p[j, 2 * signals + i] *= fade[i]
    for i in range(signals):
        for j in range(signals):
            p[i, j] += q_ll * drift[i, j] + wander[i, j] * years
            p[i, signals + j] += q_ls * drift[i, j]
            p[signals + i, j] += q_ls * drift[i, j]
            p[signals + i, signals + j] += q_ss * drift[i, j]
            p[2 * signals + i, 2 * signals + j] += swing[i, j] / (rate[i] + rate[j]) * (1.0 - fade[i] * fade[j])


@njit(cache=True)
def below(mean: float, variance: float, limit: float) -> tuple[float, float, float]:
    """Return (mean, variance, log probability) of a normal variable known to lie below `limit`."""
    z = (limit - mean) / sqrt(variance)
    tail = 0.5 * erfc(-z / sqrt(2.0))
    if z < -30.0:  # the tail underflows soon; its first moments are those of an exponential of this rate
        ratio = -z
        return limit - sqrt(variance) / ratio, variance / (ratio * ratio), -0.5 * z * z - log(ratio * sqrt(2.0 * pi))
    ratio = exp(-0.5 * z * z) / sqrt(2.0 * pi) / tail
    return mean - sqrt(variance) * ratio, variance * max(1.0 - z * ratio - ratio * ratio, 1e-12), log(tail)


@njit(cache=True)
def observe(
    x: Array,
    p: Array,
    off: Array,
    tally: Array,
    k: int,
    time: float,
    value: float,
    mean: float,
    censored: bool,
    noise: float,
    gate: float,
    step_years: float,
) -> tuple[float, float, float]:
    """Take one reading of signal `k`, whose population `mean` is given, into the state.

    Returns (log likelihood, noise added because it is wild, variance added because the level stepped).

    A reading beyond the gate counts as if it lay on the gate, and less the wilder it is; its likelihood has Huber's
    tail. A second one on the same side, at least `step_years` after the first, is a step: the level is let go instead.
    The first reading of a signal has no history to be wild against.
    """
    size = x.shape[0]
    swing = k + 2 * (size // 3)
    expected = mean + x[k] + x[swing]
    variance = p[k, k] + 2.0 * p[k, swing] + p[swing, swing] + noise
    total, known = variance, 0.0  # `known`: what variance is left of the reading itself after a censored one
    jump = 0.0
    first = tally[k, SEEN] == 0.0
    tally[k, SEEN] += 1.0
    tally[k, LAST] = time
    tally[k, VALUE] = value
    if censored:
        centre, known, likelihood = below(expected, variance, value)
        surprise = centre - expected
        off[k, 0] = 0.0
    else:
        surprise = value - expected
        squared = surprise * surprise / variance
        if first or squared <= gate * gate:
            likelihood = -0.5 * (log(2.0 * pi * variance) + squared)
            off[k, 0] = 0.0
        else:
            likelihood = -0.5 * log(2.0 * pi * variance) - gate * sqrt(squared) + 0.5 * gate * gate
            side = 1.0 if surprise > 0.0 else -1.0
            if off[k, 0] == side and time - off[k, 1] >= step_years:
                jump = surprise * surprise - variance
                p[k, k] += jump
                total = surprise * surprise
                off[k, 0] = 0.0
            else:
                total = surprise * surprise / (gate * gate)
                if off[k, 0] != side:
                    off[k, 1] = time
                off[k, 0] = side
        if not first:
            tally[k, SQUARES] += min(squared, gate * gate)
            tally[k, COUNTED] += 1.0
    gain = np.empty(size)
    for i in range(size):
        gain[i] = p[i, k] + p[i, swing]
    shrink = (1.0 - known / total) / total
    for i in range(size):
        x[i] += gain[i] * surprise / total
        for j in range(size):
            p[i, j] -= shrink * gain[i] * gain[j]
    return likelihood, total - variance - jump, jump

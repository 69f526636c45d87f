"""The arithmetic of the filter that the pages use, compiled: exact discretisation, gated update, simulated futures.

    ds = -s/T dt + ...        drifts that fade unless data keep them up, covariance `drift` between the signals
    dm = (s + trend) dt + ... the levels follow them and what is expected of everybody, and wander besides: `wander` dt
     y =  m + e,  e ~ N(0, r) what the laboratory reports of one signal

State of K signals: x (2K,) = levels, slopes; p (2K, 2K) its covariance; trend (K,) a year; tally (K, 4): readings seen,
time of the newest, side of a pending wild value, since when. `plain.py` is the same in plain NumPy matrices, the
tests' oracle.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
SEEN, LAST, SIDE, SINCE = range(4)  # the columns of a tally
READING, STEP, RAMP, LEVEL = range(4)  # the kinds of an entry
_SERIES_BELOW = 1e-2  # of a relaxation time: below it the closed form of the level's noise loses digits


@njit(cache=True)
def transition(years: float, slope_sd: float, wander: float, relaxation: float) -> tuple[float, ...]:
    """Return (b, a, q_ll, q_ls, q_ss): level += b slope, slope *= a, and the covariance of what is added."""
    x = years / relaxation
    fade = -np.expm1(-x)  # 1 - a
    power = 2.0 * slope_sd * slope_sd / relaxation
    if x < _SERIES_BELOW:
        integral = x * x * x / 3.0 - x * x * x * x / 4.0 + 7.0 * x**5 / 60.0 - x**6 / 24.0
    else:
        integral = x - 2.0 * fade - 0.5 * np.expm1(-2.0 * x)
    q_ll = power * relaxation**3 * integral + wander * wander * years
    q_ls = power * relaxation * relaxation * fade * fade / 2.0
    q_ss = -power * relaxation * np.expm1(-2.0 * x) / 2.0
    return relaxation * fade, 1.0 - fade, q_ll, q_ls, q_ss


@njit(cache=True)
def propagate(x: Array, p: Array, trend: Array, years: float, drift: Array, wander: Array, relaxation: float) -> None:
    """Move a state forward by `years`, in place."""
    if years <= 0.0:
        return
    k = trend.shape[0]
    b, a, q_ll, q_ls, q_ss = transition(years, 1.0, 0.0, relaxation)
    for i in range(k):
        x[i] += b * x[k + i] + trend[i] * years
        x[k + i] *= a
    for i in range(k):
        for j in range(i + 1):
            across = p[i, k + j] + p[j, k + i]
            moved = p[i, j] + b * across + b * b * p[k + i, k + j] + q_ll * drift[i, j] + wander[i, j] * years
            p[i, j], p[j, i] = moved, moved
    for i in range(k):
        for j in range(k):
            moved = a * (p[i, k + j] + b * p[k + i, k + j]) + q_ls * drift[i, j]
            p[i, k + j], p[k + j, i] = moved, moved
    for i in range(k):
        for j in range(i + 1):
            moved = a * a * p[k + i, k + j] + q_ss * drift[i, j]
            p[k + i, k + j], p[k + j, k + i] = moved, moved


@njit(cache=True)
def observe(
    x: Array, p: Array, tally: Array, k: int, time: float, value: float, noise: float, gate: float, step_years: float
) -> float:
    """Take one reading of signal `k` into a state in place; return its weight: 1, or less beyond the gate.

    One wild value is down-weighted so that it counts as if it lay on the gate, and less the wilder it is. A second one
    on the same side, at least `step_years` after the first, is a step: the level is let go instead. The first reading
    of a signal has no history to be wild against.
    """
    surprise, variance, weight = value - x[k], p[k, k] + noise, 1.0
    if tally[k, SEEN] > 0.0 and surprise * surprise > gate * gate * variance:
        side = 1.0 if surprise > 0.0 else -1.0
        if tally[k, SIDE] == side and time - tally[k, SINCE] >= step_years:
            p[k, k] += surprise * surprise - variance
            variance = surprise * surprise
            tally[k, SIDE] = 0.0
        else:
            wide = (surprise / gate) ** 2
            weight = variance / wide
            variance = wide
            if tally[k, SIDE] != side:
                tally[k, SINCE] = time
            tally[k, SIDE] = side
    else:
        tally[k, SIDE] = 0.0
    tally[k, SEEN] += 1.0
    tally[k, LAST] = time
    gain = p[:, k].copy()
    for i in range(x.shape[0]):
        x[i] += gain[i] / variance * surprise
        for j in range(i + 1):
            p[i, j] -= gain[i] / variance * gain[j]
            p[j, i] = p[i, j]
    return weight


@njit(cache=True)
def enter(
    x: Array, p: Array, trend: Array, tally: Array, kind: int, k: int, time: float, value: float, variance: float,
    least: float, gate: float, step_years: float,
) -> float:  # fmt: skip
    """Take one entry into a state in place; return the weight of a reading, else whether it acted (1 or 0).

    A step moves the level of a signal that was read before (the first reading holds what came earlier) and stands at
    `least` or above, a ramp its trend, from the first entry on. What is inborn moves the level whether it was read or
    not. Each makes what it moves less certain by `variance`.
    """
    if kind == READING:
        return observe(x, p, tally, k, time, value, variance, gate, step_years)
    if kind == RAMP:
        trend[k] += value
        p[trend.shape[0] + k, trend.shape[0] + k] += variance
    elif kind == LEVEL or (tally[k, SEEN] > 0.0 and x[k] >= least):
        x[k] += value
        p[k, k] += variance
    else:
        return 0.0
    return 1.0


@njit(cache=True)
def run(
    times: Array,
    kinds: Index,
    signals: Index,
    values: Array,
    variances: Array,
    leasts: Array,
    start: tuple[Array, Array, Array, Array],
    drift: Array,
    wander: Array,
    relaxation: float,
    gate: float,
    step_years: float,
) -> tuple[Array, Array]:
    """Take N entries, ascending in time, into `start` (x, p, trend, tally) in place; each array (N,), see `enter`.

    Returns:
        What stands of each entry's own signal after it (N, 8): level, slope, var, cov, var, trend, side, since; and
        weights (N,).
    """
    x, p, trend, tally = start
    count, k = times.shape[0], trend.shape[0]
    rows, weights = np.empty((count, 8)), np.ones(count)
    for n in range(count):
        if n > 0:
            propagate(x, p, trend, times[n] - times[n - 1], drift, wander, relaxation)
        s = signals[n]
        weights[n] = enter(
            x, p, trend, tally, kinds[n], s, times[n], values[n], variances[n], leasts[n], gate, step_years
        )
        rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3] = x[s], x[k + s], p[s, s], p[s, k + s]
        rows[n, 4], rows[n, 5], rows[n, 6], rows[n, 7] = p[k + s, k + s], trend[s], tally[s, SIDE], tally[s, SINCE]
    return rows, weights


@njit(cache=True)
def ahead(state: Array, years: Array, slope_sd: float, wander: float, relaxation: float) -> Array:
    """Return mean and variance of one signal's level (2, M) at `years` after `state`.

    Args:
        state: level, slope, their variance, covariance and variance, trend.
    """
    moments = np.empty((2, years.shape[0]))
    level, slope, p_ll, p_ls, p_ss, trend = state
    for i in range(years.shape[0]):
        b, _, q_ll, _, _ = transition(years[i], slope_sd, wander, relaxation)
        moments[0, i] = level + b * slope + trend * years[i]
        moments[1, i] = p_ll + 2.0 * b * p_ls + b * b * p_ss + q_ll
    return moments


@njit(cache=True)
def simulate(
    x: Array, p: Array, trend: Array, draws: Array, columns: int, years: float, drift: Array, wander: Array,
    relaxation: float,
) -> Array:  # fmt: skip
    """Return simulated levels (K, P, M): column 0 is now, each next one `years` later.

    The second half of the paths mirrors the first.

    Args:
        draws: (P / 2, at least M, 2K) normal: of the levels, then of the slopes. columns: M.
    """
    k, half = trend.shape[0], draws.shape[0]
    b, a, _, _, _ = transition(years, 1.0, 0.0, relaxation)
    added = np.zeros((2 * k, 2 * k))
    propagate(np.zeros(2 * k), added, np.zeros(k), years, drift, wander, relaxation)
    start, root = _root(p), _root(added)
    mean, here = np.empty((columns, k)), x.copy()
    for j in range(columns):
        for s in range(k):
            mean[j, s] = here[s]
            here[s] += b * here[k + s] + trend[s] * years
            here[k + s] *= a
    levels, off = np.empty((k, 2 * half, columns)), np.empty(2 * k)
    for i in range(half):
        off[:] = 0.0
        for j in range(columns):
            if j > 0:
                for s in range(k):
                    off[s] += b * off[k + s]
                    off[k + s] *= a
            spread = root if j > 0 else start
            for row in range(2 * k):
                for column in range(row + 1):
                    off[row] += spread[row, column] * draws[i, j, column]
            for s in range(k):
                levels[s, i, j] = mean[j, s] + off[s]
                levels[s, half + i, j] = mean[j, s] - off[s]
    return levels


@njit(cache=True)
def _root(covariance: Array) -> Array:
    """The lower Cholesky root of a covariance that may be singular."""
    size = covariance.shape[0]
    root = np.zeros((size, size))
    for i in range(size):
        for j in range(i + 1):
            rest = covariance[i, j]
            for n in range(j):
                rest -= root[i, n] * root[j, n]
            if i == j:
                root[i, i] = np.sqrt(max(rest, 0.0))
            elif root[j, j] > 1e-9 * np.sqrt(covariance[j, j]):
                root[i, j] = rest / root[j, j]
    return root

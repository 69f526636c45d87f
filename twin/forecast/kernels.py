"""The arithmetic of the level-and-slope filter, compiled: exact discretisation, gated update, simulated futures.

    ds = -s/T dt + sqrt(2/T) slope_sd dW1        a drift that fades unless data keep it up
    dm =  s  dt +            wander   dW2        the level follows it, and wanders besides
     y =  m + e,  e ~ N(0, r)                    what the laboratory reports

`plain.py` is the same in plain NumPy matrices, the tests' oracle.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
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
def propagate(state: Array, years: float, slope_sd: float, wander: float, relaxation: float) -> None:
    """Move `state` (level, slope, var, cov, var) forward in place."""
    if years <= 0.0:
        return
    b, a, q_ll, q_ls, q_ss = transition(years, slope_sd, wander, relaxation)
    level, slope, p_ll, p_ls, p_ss = state
    state[0] = level + b * slope
    state[1] = a * slope
    state[2] = p_ll + 2.0 * b * p_ls + b * b * p_ss + q_ll
    state[3] = a * (p_ls + b * p_ss) + q_ls
    state[4] = a * a * p_ss + q_ss


@njit(cache=True)
def observe(state: Array, off: Array, time: float, value: float, noise: float, gate: float, step_years: float) -> float:
    """Take one observation into `state` in place; return its weight (1, or less where it lay beyond the gate).

    `off` is (side, since): the side of a pending wild value. One wild value is down-weighted so that it counts as if
    it lay on the gate, and less the wilder it is. A second one on the same side, at least `step_years` after the
    first, is a step: the level is let go instead.
    """
    surprise = value - state[0]
    variance = state[2] + noise
    weight = 1.0
    if surprise * surprise > gate * gate * variance:
        side = 1.0 if surprise > 0.0 else -1.0
        if off[0] == side and time - off[1] >= step_years:
            state[2] += surprise * surprise - variance
            variance = surprise * surprise
            off[0] = 0.0
        else:
            wide = (surprise / gate) ** 2
            weight = variance / wide
            variance = wide
            if off[0] != side:
                off[1] = time
            off[0] = side
    else:
        off[0] = 0.0
    gain_level, gain_slope = state[2] / variance, state[3] / variance
    level_var, covariance = state[2], state[3]
    state[0] += gain_level * surprise
    state[1] += gain_slope * surprise
    state[2] = level_var - gain_level * level_var
    state[3] = covariance - gain_level * covariance
    state[4] -= gain_slope * covariance
    return weight


@njit(cache=True)
def run(
    times: Array,
    values: Array,
    noises: Array,
    prior: Array,
    slope_sd: float,
    wander: float,
    relaxation: float,
    gate: float,
    step_years: float,
) -> tuple[Array, Array]:
    """Filter a whole series from `prior`.

    Args:
        times: (N,) years, ascending. values, noises: (N,) working scale.

    Returns:
        States after each observation (N, 7): level, slope, var, cov, var, side, since; and weights (N,).
    """
    count = times.shape[0]
    states, weights = np.empty((count, 7)), np.ones(count)
    state, off = prior.copy(), np.zeros(2)
    for i in range(count):
        if i > 0:
            propagate(state, times[i] - times[i - 1], slope_sd, wander, relaxation)
        gate_here = gate if i > 0 else np.inf  # the first value has no history to be off from
        weights[i] = observe(state, off, times[i], values[i], noises[i], gate_here, step_years)
        states[i, :5] = state
        states[i, 5:] = off
    return states, weights


@njit(cache=True)
def ahead(state: Array, years: Array, slope_sd: float, wander: float, relaxation: float) -> Array:
    """Return mean and variance of the level (2, M) at `years` after `state`."""
    moments = np.empty((2, years.shape[0]))
    for i in range(years.shape[0]):
        later = state.copy()
        propagate(later, years[i], slope_sd, wander, relaxation)
        moments[0, i], moments[1, i] = later[0], later[2]
    return moments


@njit(cache=True)
def simulate(state: Array, draws: Array, years: float, slope_sd: float, wander: float, relaxation: float) -> Array:
    """Return simulated levels (P, M): column 0 is now, each next one `years` later. `draws`: (P, M, 2) normal."""
    paths, columns = draws.shape[0], draws.shape[1]
    levels = np.empty((paths, columns))
    b, a, q_ll, q_ls, q_ss = transition(years, slope_sd, wander, relaxation)
    r11, r21, r22 = _root(q_ll, q_ls, q_ss)
    s11, s21, s22 = _root(state[2], state[3], state[4])
    for i in range(paths):
        level = state[0] + s11 * draws[i, 0, 0]
        slope = state[1] + s21 * draws[i, 0, 0] + s22 * draws[i, 0, 1]
        levels[i, 0] = level
        for j in range(1, columns):
            level += b * slope + r11 * draws[i, j, 0]
            slope = a * slope + r21 * draws[i, j, 0] + r22 * draws[i, j, 1]
            levels[i, j] = level
    return levels


@njit(cache=True)
def _root(v_ll: float, v_ls: float, v_ss: float) -> tuple[float, float, float]:
    """The lower Cholesky root of a 2 x 2 covariance that may be singular."""
    r11 = np.sqrt(max(v_ll, 0.0))
    r21 = v_ls / r11 if r11 > 0.0 else 0.0
    return r11, r21, np.sqrt(max(v_ss - r21 * r21, 0.0))

"""The filter of `kernels.py` in plain NumPy matrices: slow, obvious, and the oracle its tests compare it with."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def transition(years: float, slope_sd: float, wander: float, relaxation: float) -> tuple[Array, Array]:
    """Return the transition matrix (2, 2) and the covariance of the noise it adds (2, 2)."""
    a = np.exp(-years / relaxation)
    q = 2.0 * slope_sd**2 / relaxation
    matrix = np.array([[1.0, relaxation * (1.0 - a)], [0.0, a]])
    level = q * relaxation**2 * (years - 2.0 * relaxation * (1.0 - a) + relaxation * (1.0 - a**2) / 2.0)
    cross = q * relaxation**2 * (1.0 - a) ** 2 / 2.0
    noise = np.array([[level + wander**2 * years, cross], [cross, q * relaxation * (1.0 - a**2) / 2.0]])
    return matrix, noise


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
    """As `kernels.run`."""
    mean = prior[:2].copy()
    covariance = np.array([[prior[2], prior[3]], [prior[3], prior[4]]])
    side, since = 0.0, 0.0
    states, weights = [], []
    for i, (time, value, noise) in enumerate(zip(times, values, noises, strict=True)):
        if i > 0 and time > times[i - 1]:
            matrix, added = transition(time - times[i - 1], slope_sd, wander, relaxation)
            mean, covariance = matrix @ mean, matrix @ covariance @ matrix.T + added
        surprise, variance, weight = value - mean[0], covariance[0, 0] + noise, 1.0
        if i > 0 and abs(surprise) > gate * np.sqrt(variance):
            here = float(np.sign(surprise))
            if side == here and time - since >= step_years:
                covariance = covariance + np.diag([surprise**2 - variance, 0.0])
                variance, side = surprise**2, 0.0
            else:
                since = since if side == here else time
                weight, variance, side = variance / (surprise / gate) ** 2, (surprise / gate) ** 2, here
        else:
            side = 0.0
        gain = covariance[:, 0] / variance
        mean = mean + gain * surprise
        covariance = covariance - np.outer(gain, covariance[0])
        states.append([*mean, covariance[0, 0], covariance[0, 1], covariance[1, 1], side, since])
        weights.append(weight)
    return np.array(states).reshape(-1, 7), np.array(weights)


def simulate(state: Array, draws: Array, years: float, slope_sd: float, wander: float, relaxation: float) -> Array:
    """As `kernels.simulate`."""
    matrix, added = transition(years, slope_sd, wander, relaxation)
    start, root = np.linalg.cholesky(np.array([[state[2], state[3]], [state[3], state[4]]])), np.linalg.cholesky(added)
    now = state[:2] + draws[:, 0] @ start.T
    levels = [now[:, 0]]
    for month in range(1, draws.shape[1]):
        now = now @ matrix.T + draws[:, month] @ root.T
        levels.append(now[:, 0])
    return np.stack(levels, axis=1)

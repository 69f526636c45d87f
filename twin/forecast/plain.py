"""The filter of `kernels.py` in plain NumPy matrices: slow, obvious, and the oracle its tests compare it with."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def transition(years: float, slope_sd: float, wander: float, relaxation: float) -> tuple[Array, Array]:
    """Return the transition matrix (2, 2) of one signal and the covariance of the noise it adds (2, 2)."""
    return together(years, np.array([[slope_sd**2]]), np.array([[wander**2]]), relaxation)


def together(years: float, drift: Array, wander: Array, relaxation: float) -> tuple[Array, Array]:
    """Return the transition matrix (2K, 2K) of K signals and the covariance of the noise it adds (2K, 2K)."""
    a, one = np.exp(-years / relaxation), np.eye(len(drift))
    matrix = np.block([[one, relaxation * (1.0 - a) * one], [0.0 * one, a * one]])
    level = 2.0 * relaxation * (years - 2.0 * relaxation * (1.0 - a) + relaxation * (1.0 - a**2) / 2.0)
    cross = relaxation * (1.0 - a) ** 2
    noise = np.block([[level * drift + years * wander, cross * drift], [cross * drift, (1.0 - a**2) * drift]])
    return matrix, noise


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
    """As `kernels.run`; `start` stays as it is."""
    mean, covariance, trend, _ = (part.copy() for part in start)
    k = len(trend)
    seen, side, since = np.zeros(k, dtype=int), np.zeros(k), np.zeros(k)
    rows, weights = [], []
    every = zip(times, kinds, signals, values, variances, leasts, strict=True)
    for n, (time, kind, s, value, added, least) in enumerate(every):
        if n > 0 and time > times[n - 1]:
            matrix, noise = together(time - times[n - 1], drift, wander, relaxation)
            mean = matrix @ mean + np.concatenate((trend * (time - times[n - 1]), np.zeros(k)))
            covariance = matrix @ covariance @ matrix.T + noise
        weight, place = 1.0, np.eye(2 * k)[s]
        if kind == 1:
            weight = float(seen[s] > 0 and mean[s] >= least)
            mean, covariance = mean + weight * value * place, covariance + weight * added * np.outer(place, place)
        elif kind == 3:
            mean, covariance = mean + value * place, covariance + added * np.outer(place, place)
        elif kind == 2:
            slope = np.eye(2 * k)[k + s]
            trend, covariance = trend + value * np.eye(k)[s], covariance + added * np.outer(slope, slope)
        elif kind == 0:
            surprise, variance = value - mean[s], covariance[s, s] + added
            if seen[s] and abs(surprise) > gate * np.sqrt(variance):
                here = float(np.sign(surprise))
                if side[s] == here and time - since[s] >= step_years:
                    covariance = covariance + (surprise**2 - variance) * np.outer(place, place)
                    variance, side[s] = surprise**2, 0.0
                else:
                    since[s] = since[s] if side[s] == here else time
                    weight, variance, side[s] = variance / (surprise / gate) ** 2, (surprise / gate) ** 2, here
            else:
                side[s] = 0.0
            seen[s] += 1
            gain = covariance[:, s] / variance
            mean, covariance = mean + gain * surprise, covariance - np.outer(gain, covariance[s])
        own = (mean[s], mean[k + s], covariance[s, s], covariance[s, k + s], covariance[k + s, k + s])
        rows.append([*own, trend[s], side[s], since[s]])
        weights.append(weight)
    return np.array(rows).reshape(-1, 8), np.array(weights)


def simulate(
    x: Array, p: Array, trend: Array, draws: Array, columns: int, years: float, drift: Array, wander: Array,
    relaxation: float,
) -> Array:  # fmt: skip
    """As `kernels.simulate`."""
    k = len(trend)
    matrix, added = together(years, drift, wander, relaxation)
    start, root = np.linalg.cholesky(p), np.linalg.cholesky(added)
    pushed = np.concatenate((trend * years, np.zeros(k)))
    both = np.concatenate((draws, -draws))
    now = x + both[:, 0] @ start.T
    levels = [now[:, :k]]
    for month in range(1, columns):
        now = now @ matrix.T + pushed + both[:, month] @ root.T
        levels.append(now[:, :k])
    return np.moveaxis(np.stack(levels, axis=1), 2, 0)

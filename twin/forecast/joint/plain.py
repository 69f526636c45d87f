"""The joint filter in plain NumPy matrices: slow, obvious, and the oracle its tests compare the compiled one with."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag
from scipy.stats import norm

from twin.forecast.joint.model import JointModel
from twin.forecast.joint.series import Series
from twin.forecast.plain import transition

Array = NDArray[np.float64]


def moved(model: JointModel, x: Array, p: Array, years: float) -> tuple[Array, Array]:
    """Return the state `years` later: the transition matrix and the noise it adds, written out."""
    if years <= 0:
        return x, p
    pair, unit = transition(years, 1.0, 0.0, model.relaxation)
    fade = np.diag(np.exp(-model.rate * years))
    matrix = block_diag(np.kron(pair, np.eye(model.signals)), fade)
    swing = model.swing_covariance
    level = block_diag(model.wander * years, np.zeros_like(model.drift))
    added = block_diag(np.kron(unit, model.drift) + level, swing - fade @ swing @ fade)
    return matrix @ x, matrix @ p @ matrix.T + added


def population(model: JointModel, series: Series, patient: int, time: float) -> Array:
    """Return the population's mean of every signal (K,) for a patient at a time."""
    mean = (model.intercept + model.trend * time) @ series.covariates[patient]
    for who, when, which in zip(series.start_patient, series.start_time, series.start_which, strict=True):
        if who == patient and when <= time:
            mean = mean + model.step[:, which] + model.ramp[:, which] * (time - when)
    return np.asarray(mean)


def state_at(model: JointModel, series: Series, patient: int, time: float) -> tuple[Array, Array, float]:
    """Return (x, p) of one patient at a time as `filter.states_at`, and the log likelihood of the readings so far."""
    k = model.signals
    x, p = np.zeros(3 * k), block_diag(model.prior, model.swing_covariance)
    seen, pending, total, now = np.zeros(k), [(0.0, 0.0)] * k, 0.0, None
    for row in np.flatnonzero((series.patient == patient) & (series.time <= time)):
        at, s = float(series.time[row]), int(series.signal[row])
        x, p = moved(model, x, p, 0.0 if now is None else at - now)
        now = at
        pick = np.zeros(3 * k)
        pick[[s, s + 2 * k]] = 1.0
        expected = population(model, series, patient, at)[s] + pick @ x
        variance = pick @ p @ pick + model.noise[s]
        surprise, spread, left = series.value[row] - expected, variance, 0.0
        side, since = pending[s]
        if series.censored[row]:
            z = surprise / sqrt(variance)
            ratio = norm.pdf(z) / norm.cdf(z)
            surprise, left = -sqrt(variance) * ratio, variance * (1 - z * ratio - ratio**2)
            total += norm.logcdf(z)
            pending[s] = (0.0, since)
        elif seen[s] == 0 or abs(surprise) <= model.gate * sqrt(variance):
            total += norm.logpdf(surprise, scale=sqrt(variance))
            pending[s] = (0.0, since)
        else:
            far = abs(surprise) / sqrt(variance)
            total += norm.logpdf(0, scale=sqrt(variance)) - model.gate * far + model.gate**2 / 2
            here = float(np.sign(surprise))
            if side == here and at - since >= model.step_years:
                p = p.copy()
                p[s, s] += surprise**2 - variance
                spread, pending[s] = surprise**2, (0.0, since)
            else:
                spread, pending[s] = (surprise / model.gate) ** 2, (here, since if side == here else at)
        seen[s] += 1
        gain = p @ pick / spread
        x, p = x + gain * surprise, p - np.outer(gain, gain) * (spread - left)
    if now is not None:
        x, p = moved(model, x, p, time - now)
    return x, p, total

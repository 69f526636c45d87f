"""What will a new reading of a signal be, so many years after a state, and how sure is that?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from twin.forecast.joint.correction import shape_at, shift_and_stretch
from twin.forecast.joint.features import features
from twin.forecast.joint.filter import Asked
from twin.forecast.joint.model import JointModel
from twin.forecast.kernels import transition

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """Of one signal, working scale, (M,): mean; variance of the true level, and of a new reading (noise included)."""

    mean: Array
    level_variance: Array
    variance: Array


def predict(model: JointModel, asked: Asked, signal: int, years: Array) -> Prediction:
    """Return the forecast of `signal` at `years` (M,) after each of the states, by the model alone.

    Raises:
        ValueError: a horizon is negative or not finite.
    """
    years = np.broadcast_to(np.asarray(years, dtype=np.float64), asked.time.shape)
    if not (np.isfinite(years).all() and (years >= 0).all()):
        raise ValueError("a forecast looks forward, a finite time")
    k, now = model.signals, asked.time
    moves = np.array([transition(ahead, 1.0, 0.0, model.relaxation) for ahead in years]).reshape(len(now), 5)
    fade = np.exp(-model.rate[signal] * years)
    rows = [signal, k + signal, 2 * k + signal]
    weight = np.stack([np.ones(len(now)), moves[:, 0], fade], axis=1)
    mean = asked.mean[:, signal] + years * asked.trend[:, signal] + (weight * asked.x[:, rows]).sum(axis=1)
    state = asked.p[:, rows][:, :, rows]
    variance = np.einsum("mi,mij,mj->m", weight, state, weight) + moves[:, 2] * model.drift[signal, signal]
    variance += years * model.wander[signal, signal] + model.swing_covariance[signal, signal] * (1.0 - fade**2)
    return Prediction(mean=mean, level_variance=variance, variance=variance + model.noise[signal])


def corrected(model: JointModel, asked: Asked, signal: int, years: Array) -> Prediction:
    """As `predict`, with the middle and spread that the training patients' forecasts taught, where there are any."""
    plainly = predict(model, asked, signal, years)
    correction = model.corrections.get(signal)
    if correction is None:
        return plainly
    years = np.broadcast_to(np.asarray(years, dtype=np.float64), asked.time.shape)
    shift, stretch = shift_and_stretch(correction, features(model, asked, signal), years)
    return Prediction(
        mean=plainly.mean + shift * np.sqrt(plainly.variance),
        level_variance=plainly.level_variance * stretch**2,
        variance=plainly.variance * stretch**2,
    )


def quantiles(model: JointModel, asked: Asked, signal: int, years: Array, probabilities: Array) -> Array:
    """Return quantiles (M, Q) of a NEW READING in the natural unit, ascending in `probabilities` (Q,)."""
    found = corrected(model, asked, signal, years)
    correction = model.corrections.get(signal)
    years = np.broadcast_to(np.asarray(years, dtype=np.float64), asked.time.shape)
    deviates = ndtri(probabilities) if correction is None else shape_at(correction, years, probabilities)
    return model.scales[signal].reading(found.mean[:, None] + np.sqrt(found.variance)[:, None] * deviates)

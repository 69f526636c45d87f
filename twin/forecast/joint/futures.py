"""Which futures may follow a state: simulated true levels of all signals together, from one fixed table of draws."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twin.forecast.joint import step as kernel
from twin.forecast.joint.correction import shift_and_stretch
from twin.forecast.joint.features import features
from twin.forecast.joint.filter import Asked
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.predict import predict

Array = NDArray[np.float64]


def futures(model: JointModel, asked: Asked, row: int, years: Array, *, paths: int = 1_024, seed: int = 0) -> Array:
    """Return levels (paths, T, K), working scale, of state number `row` at `years` (T,) after it, ascending from 0.

    Half of the draws mirror the other half, so that the mean is nearly exact. A signal with a correction is moved and
    widened by it at every horizon, so that the futures agree with `corrected`. The same seed gives the same draws for
    everyone: two states differ by what they are, not by chance.

    Raises:
        ValueError: `years` is not ascending from zero or later, or `paths` is odd.
    """
    if paths % 2 or not len(years) or years[0] < 0 or (np.diff(years) <= 0).any():
        raise ValueError("futures need an even number of paths, and years that ascend from zero or later")
    k = model.signals
    half = np.random.default_rng(seed).standard_normal((paths // 2, len(years) + 1, 3 * k))
    draws = np.concatenate([half, -half])
    dynamics = (model.drift, model.wander, model.swing, model.rate, model.relaxation)
    roots, state = np.empty((len(years), 3 * k, 3 * k)), np.zeros(3 * k)
    for place, gap in enumerate(np.diff(years, prepend=0.0)):
        added = np.zeros((3 * k, 3 * k))
        kernel.propagate(state, added, float(gap), *dynamics)
        roots[place] = _root(added)
    levels = _paths(asked.x[row], _root(asked.p[row]), draws, years, roots, model.rate, model.relaxation)
    levels += asked.mean[row] + years[:, np.newaxis] * asked.trend[row]
    for signal in model.corrections:
        levels[:, :, signal] = _corrected(model, asked, row, signal, years, levels[:, :, signal])
    return levels


def _corrected(model: JointModel, asked: Asked, row: int, signal: int, years: Array, levels: Array) -> Array:
    one = take(asked, np.full(len(years), row))
    made = predict(model, one, signal, years)
    shift, stretch = shift_and_stretch(model.corrections[signal], features(model, one, signal), years)
    return np.asarray(made.mean + shift * np.sqrt(made.variance) + stretch * (levels - made.mean))


def take(asked: Asked, rows: NDArray[np.int64]) -> Asked:
    """Return the states of those `rows` (N,), in that order."""
    return Asked(**{name: getattr(asked, name)[rows] for name in Asked.__dataclass_fields__})


def _root(covariance: Array) -> Array:
    """A root of a covariance that may be singular (after no time at all nothing was added)."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


@njit(cache=True)
def _paths(x: Array, start: Array, draws: Array, years: Array, roots: Array, rate: Array, relaxation: float) -> Array:
    k = rate.shape[0]
    levels = np.empty((draws.shape[0], len(years), k))
    for path in range(draws.shape[0]):
        state = x + start @ draws[path, 0]
        before = 0.0
        for place in range(len(years)):
            gap = years[place] - before
            before = years[place]
            a = np.exp(-gap / relaxation)
            b = relaxation * (1.0 - a)
            for s in range(k):
                state[s] += b * state[k + s]
                state[k + s] *= a
                state[2 * k + s] *= np.exp(-rate[s] * gap)
            state += roots[place] @ draws[path, place + 1]
            levels[path, place] = state[:k] + state[2 * k :]
    return levels

"""Which futures may follow a state: simulated true levels of all signals together, from one fixed table of draws."""

from functools import lru_cache

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
Index = NDArray[np.int64]
_SAME = 9  # decimals of a year: a thirtieth of a second; months that differ by less share a root


def futures(
    model: JointModel,
    asked: Asked,
    row: int,
    years: Array,
    *,
    paths: int = 1_024,
    seed: int = 0,
    is_lasting: bool = False,
) -> Array:
    """Return levels (paths, T, K), working scale, of state number `row` at `years` (T,) after it, ascending from 0.

    Half of the draws mirror the other half, so that the mean is nearly exact. A signal with a correction is moved and
    widened by it at every horizon, so that the futures agree with `corrected`. The same seed gives the same draws for
    everyone: two states differ by what they are, not by chance.

    Args:
        is_lasting: of each level only what stays, without the swing that comes and goes.

    Raises:
        ValueError: `years` is not ascending from zero or later, or `paths` is odd.
    """
    if paths % 2 or not len(years) or years[0] < 0 or (np.diff(years) <= 0).any():
        raise ValueError("futures need an even number of paths, and years that ascend from zero or later")
    k = model.signals
    draws = _draws(seed, paths, len(years) + 1, 3 * k)
    gaps = np.diff(years, prepend=0.0).round(_SAME)
    apart, which = np.unique(gaps, return_inverse=True)
    roots = np.stack([_root(_added(model, float(gap))) for gap in apart])
    start = _root(asked.p[row])
    levels = _paths(asked.x[row], start, draws, gaps, which, roots, model.rate, model.relaxation, is_lasting)
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


def _added(model: JointModel, years: float) -> Array:
    """The covariance that `years` add to a state."""
    added = np.zeros((3 * model.signals, 3 * model.signals))
    dynamics = (model.drift, model.wander, model.swing, model.rate, model.relaxation)
    kernel.propagate(np.zeros(3 * model.signals), added, years, *dynamics)
    return added


def _root(covariance: Array) -> Array:
    """The columns, as rows, of a root of a covariance that may be singular (in no time nothing is added)."""
    values, vectors = np.linalg.eigh(covariance)
    return np.ascontiguousarray((vectors * np.sqrt(np.maximum(values, 0.0))).T)


@njit(cache=True)
def _paths(
    x: Array,
    start: Array,
    draws: Array,
    gaps: Array,
    which: Index,
    roots: Array,
    rate: Array,
    relaxation: float,
    is_lasting: bool,
) -> Array:
    """Simulated levels (paths, T, K), with swings or without; plain loops, so that threads change no digit."""
    k, size = rate.shape[0], x.shape[0]
    levels = np.empty((draws.shape[0], len(gaps), k))
    state = np.empty(size)
    for path in range(draws.shape[0]):
        state[:] = x
        _add(state, start, draws[path, 0])
        for place in range(len(gaps)):
            a = np.exp(-gaps[place] / relaxation)
            b = relaxation * (1.0 - a)
            for s in range(k):
                state[s] += b * state[k + s]
                state[k + s] *= a
                state[2 * k + s] *= np.exp(-rate[s] * gaps[place])
            _add(state, roots[which[place]], draws[path, place + 1])
            for s in range(k):
                levels[path, place, s] = state[s] if is_lasting else state[s] + state[2 * k + s]
    return levels


@njit(cache=True)
def _add(state: Array, root: Array, draw: Array) -> None:
    """Add root' draw in place: `root` (D, D) holds the root's columns as rows."""
    for j in range(len(draw)):
        for i in range(len(state)):
            state[i] += root[j, i] * draw[j]


@lru_cache(maxsize=4)
def _draws(seed: int, paths: int, moments: int, size: int) -> Array:
    """Normal draws (paths, moments, size), the second half of the paths the mirror of the first.

    More moments leave the draws of the first ones as they are: looking further ahead changes nothing before.
    """
    half = np.random.default_rng(seed).standard_normal((moments, paths // 2, size)).swapaxes(0, 1)
    return np.ascontiguousarray(np.concatenate([half, -half]))

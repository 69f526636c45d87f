"""The trajectory of one signal: what the values so far say of its level and slope, and of any later date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from twin.forecast import kernels
from twin.forecast.motion import Motion
from twin.forecast.result import DEVIATES, Predictive, State

Array = NDArray[np.float64]
SECONDS_PER_YEAR = 365.25 * 86_400
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """One value on the working scale, with the variance of its noise."""

    at: datetime
    value: float
    noise: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """The filtered states after each observation, oldest first, and the weight each observation got (1 = full)."""

    states: tuple[State, ...]
    weights: tuple[float, ...]


def observation(motion: Motion, at: datetime, value: float, sd: float | None = None) -> Observation | None:
    """Return an observation of a canonical value, or None where the working scale has no place for it."""
    working = motion.working(value)
    return None if working is None else Observation(at=at, value=working, noise=motion.noise(value, sd))


def follow(motion: Motion, observations: Sequence[Observation]) -> Track:
    """Filter a series from scratch. `observations` are in order of time, with aware datetimes."""
    if not observations:
        return Track(states=(), weights=())
    states, weights = _run(motion, observations)
    rows = zip(observations, states, strict=True)
    return Track(
        states=tuple(_state(item.at, row, seen + 1) for seen, (item, row) in enumerate(rows)),
        weights=tuple(float(weight) for weight in weights),
    )


def last_state(motion: Motion, observations: Sequence[Observation]) -> State:
    """Return the state after the last of `observations` (at least one): `follow` without the way there."""
    states, _ = _run(motion, observations)
    return _state(observations[-1].at, states[-1], len(observations))


def update(motion: Motion, state: State | None, new: Observation) -> tuple[State, float]:
    """Take one new observation into a state: the same as following the whole series again.

    Raises:
        ValueError: `new` lies before the state; a late value needs the series followed again.
    """
    row, off = (_prior(motion), np.zeros(2)) if state is None else (_row(state), _off(state))
    if state is not None:
        if new.at < state.at:
            raise ValueError("an observation older than the state: follow the series again")
        kernels.propagate(row, _years(new.at) - _years(state.at), motion.slope_sd, motion.wander, motion.relaxation)
    gate = motion.gate if state is not None else np.inf
    weight = kernels.observe(row, off, _years(new.at), new.value, new.noise, gate, motion.step_years)
    seen = 1 if state is None else state.seen + 1
    return _state(new.at, np.concatenate((row, off)), seen), float(weight)


def at_time(motion: Motion, state: State, at: datetime) -> State:
    """Return the state carried forward to `at`, with no new observation."""
    row = _row(state)
    kernels.propagate(row, _years(at) - _years(state.at), motion.slope_sd, motion.wander, motion.relaxation)
    return _state(at, np.concatenate((row, _off(state))), state.seen)


def predictive(motion: Motion, state: State, at: datetime) -> Predictive:
    """Return the distribution of the true level at a later date."""
    later = at_time(motion, state, at)
    return Predictive(at=at, mean=later.level, variance=later.level_var, scale=motion.scale)


def fan(motion: Motion, state: State, years: Array) -> list[dict[str, float]]:
    """Return the quantiles of the true level, canonical unit, at each of `years` after the state."""
    moments = kernels.ahead(_row(state), years, motion.slope_sd, motion.wander, motion.relaxation)
    levels = moments[0] + np.sqrt(moments[1]) * np.array(list(DEVIATES.values()))[:, np.newaxis]
    canonical = np.exp(levels) if motion.scale == "log" else np.maximum(levels, motion.lowest)
    return [dict(zip(DEVIATES, column, strict=True)) for column in canonical.T.tolist()]


def sample(motion: Motion, state: State, draws: Array, years: float) -> Array:
    """Return simulated true levels, canonical unit: (P, M), column 0 at the state's time, each next `years` later."""
    levels: Array = kernels.simulate(_row(state), draws, years, motion.slope_sd, motion.wander, motion.relaxation)
    return np.exp(levels) if motion.scale == "log" else np.maximum(levels, motion.lowest)


def mean_path(motion: Motion, state: State, columns: int, years: float) -> Array:
    """Return the expected level at the same moments as `sample`, working scale: (M,)."""
    elapsed = np.arange(columns) * years
    return np.asarray(state.level + state.slope * motion.relaxation * -np.expm1(-elapsed / motion.relaxation))


def spread(motion: Motion, state: State) -> tuple[float, float]:
    """Return the 80 % band of the level at the state's time, canonical unit."""
    reach = 1.2815515655446004 * sqrt(state.level_var)  # the normal deviate of 90 %
    return motion.canonical(state.level - reach), motion.canonical(state.level + reach)


def _run(motion: Motion, observations: Sequence[Observation]) -> tuple[Array, Array]:
    result: tuple[Array, Array] = kernels.run(
        np.array([_years(item.at) for item in observations]),
        np.array([item.value for item in observations]),
        np.array([item.noise for item in observations]),
        _prior(motion),
        motion.slope_sd,
        motion.wander,
        motion.relaxation,
        motion.gate,
        motion.step_years,
    )
    return result


def _years(at: datetime) -> float:
    return (at - _EPOCH).total_seconds() / SECONDS_PER_YEAR


def _prior(motion: Motion) -> Array:
    return np.array([motion.centre, 0.0, motion.spread**2, 0.0, motion.slope_sd**2])


def _row(state: State) -> Array:
    return np.array([state.level, state.slope, state.level_var, state.covariance, state.slope_var])


def _off(state: State) -> Array:
    return np.array([float(state.off), 0.0 if state.off_since is None else _years(state.off_since)])


def _state(at: datetime, row: Array, seen: int) -> State:
    level, slope, level_var, covariance, slope_var, side, since = row.tolist()
    return State(
        at=at,
        level=level,
        slope=slope,
        level_var=level_var,
        covariance=covariance,
        slope_var=slope_var,
        seen=seen,
        off=int(side),
        off_since=_EPOCH + timedelta(seconds=since * SECONDS_PER_YEAR) if side else None,
    )

"""The trajectory of signals that move together: what the entries so far say of their levels and slopes, and of later.

An entry is a reading, the start of something that moves a signal (`starts.py`), or what a genotype does (`genes.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from twin.forecast import kernels
from twin.forecast.group import Group, Start
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
class Entry:
    """What a group takes in: `kind` of `kernels`, about the signal at `place`; working scale, a ramp's a year.

    `least`: a step acts on a level that stands so high, or higher.
    """

    at: datetime
    place: int
    kind: int
    value: float
    variance: float
    least: float = float("-inf")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GroupState:
    """Where K signals stand at a moment, working scale: the arrays of `kernels`, which nobody changes in place."""

    at: datetime
    x: Array
    p: Array
    trend: Array
    tally: Array

    def of(self, place: int) -> State:
        """Return what this says of one of the signals."""
        slope = len(self.trend) + place
        return _state(
            self.at,
            (
                self.x[place], self.x[slope], self.p[place, place], self.p[place, slope], self.p[slope, slope],
                self.trend[place], self.tally[place, kernels.SIDE], self.tally[place, kernels.SINCE],
            ),
            int(self.tally[place, kernels.SEEN]),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """After each entry, oldest first: the state of its own signal, and the weight it got (1 = full); and the last."""

    states: tuple[State, ...]
    weights: tuple[float, ...]
    last: GroupState


def observation(motion: Motion, at: datetime, value: float, sd: float | None = None) -> Observation | None:
    """Return an observation of a canonical value, or None where the working scale has no place for it."""
    working = motion.working(value)
    return None if working is None else Observation(at=at, value=working, noise=motion.noise(value, sd))


def reading(seen: Observation, place: int = 0) -> Entry:
    """Return the entry of an observation."""
    return Entry(at=seen.at, place=place, kind=kernels.READING, value=seen.value, variance=seen.noise)


def follow(group: Group, entries: Sequence[Entry], ageing: str | None = "unknown") -> Track:
    """Filter entries (at least one) from scratch. They are in order of time, with aware datetimes.

    Args:
        ageing: the sex whose course with age is expected; None where none is.
    """
    start = group.start(ageing)
    rows, weights = kernels.run(
        np.array([_years(item.at) for item in entries]),
        np.array([item.kind for item in entries]),
        np.array([item.place for item in entries]),
        np.array([item.value for item in entries]),
        np.array([item.variance for item in entries]),
        np.array([item.least for item in entries]),
        start,
        group.drift,
        group.wander,
        group.relaxation,
        group.motions[0].gate,
        group.motions[0].step_years,
    )
    counts, states = [0] * len(group.motions), []
    for item, row in zip(entries, rows.tolist(), strict=True):
        counts[item.place] += item.kind == kernels.READING
        states.append(_state(item.at, row, counts[item.place]))
    return Track(states=tuple(states), weights=tuple(weights.tolist()), last=_group_state(entries[-1].at, start))


def update(
    group: Group, state: GroupState | None, new: Entry, ageing: str | None = "unknown"
) -> tuple[GroupState, float]:
    """Take one new entry into a state, in one step; return it and the entry's weight: as following everything again.

    Raises:
        ValueError: `new` lies before the state; a late value needs the series followed again.
    """
    moved = group.start(ageing) if state is None else _moved(group, state, new.at)
    first = group.motions[0]
    weight = kernels.enter(
        *moved, new.kind, new.place, _years(new.at), new.value, new.variance, new.least, first.gate, first.step_years
    )
    return _group_state(new.at, moved), float(weight)


def at_time(group: Group, state: GroupState, at: datetime) -> GroupState:
    """Return a state carried forward to `at`, with nothing new."""
    return _group_state(at, _moved(group, state, at))


def predictive(motion: Motion, state: State, at: datetime) -> Predictive:
    """Return the distribution of the true level at a later date."""
    mean, variance = _ahead(motion, state, np.array([_years(at) - _years(state.at)]))[:, 0].tolist()
    return Predictive(motion=motion, at=at, mean=mean, variance=variance)


def fan(motion: Motion, state: State, years: Array) -> list[dict[str, float]]:
    """Return the quantiles of the true level, canonical unit, at each of `years` after the state."""
    moments = _ahead(motion, state, years)
    levels = moments[0] + np.sqrt(moments[1]) * np.array(list(DEVIATES.values()))[:, np.newaxis]
    return [dict(zip(DEVIATES, column, strict=True)) for column in motion.canonical_in_place(levels).T.tolist()]


def sample(group: Group, state: GroupState, draws: Array, columns: int, years: float) -> Array:
    """Return simulated true levels (K, P, M), canonical unit: column 0 at the state's time, each next `years` later.

    Args:
        draws: (P / 2, at least M, 2K) normal; the second half of the paths mirrors the first.
    """
    levels: Array = kernels.simulate(
        state.x, state.p, state.trend, draws, columns, years, group.drift, group.wander, group.relaxation
    )
    for place, motion in enumerate(group.motions):
        motion.canonical_in_place(levels[place])
    return levels


def mean_path(motion: Motion, state: State, columns: int, years: float) -> Array:
    """Return the expected level at the same moments as `sample`, working scale: (M,)."""
    elapsed = np.arange(columns) * years
    faded = motion.relaxation * -np.expm1(-elapsed / motion.relaxation)
    return np.asarray(state.level + state.slope * faded + state.trend * elapsed)


def spread(motion: Motion, state: State) -> tuple[float, float]:
    """Return the 80 % band of the level at the state's time, canonical unit."""
    reach = 1.2815515655446004 * sqrt(state.level_var)  # the normal deviate of 90 %
    return motion.canonical(state.level - reach), motion.canonical(state.level + reach)


def _ahead(motion: Motion, state: State, years: Array) -> Array:
    row = np.array(
        [state.level, state.slope, state.level_var, state.covariance, state.slope_var, state.trend], dtype=np.float64
    )
    moments: Array = kernels.ahead(row, years, motion.slope_sd, motion.wander, motion.relaxation)
    return moments


def _moved(group: Group, state: GroupState, at: datetime) -> Start:
    """A copy of a state's arrays, carried forward to `at`."""
    if at < state.at:
        raise ValueError("an entry older than the state: follow the series again")
    x, p, trend, tally = state.x.copy(), state.p.copy(), state.trend.copy(), state.tally.copy()
    kernels.propagate(x, p, trend, _years(at) - _years(state.at), group.drift, group.wander, group.relaxation)
    return x, p, trend, tally


def _group_state(at: datetime, arrays: Start) -> GroupState:
    x, p, trend, tally = arrays
    return GroupState(at=at, x=x, p=p, trend=trend, tally=tally)


def _years(at: datetime) -> float:
    return (at - _EPOCH).total_seconds() / SECONDS_PER_YEAR


def _state(at: datetime, row: Sequence[float], seen: int) -> State:
    level, slope, level_var, covariance, slope_var, trend, side, since = (float(number) for number in row)
    return State(
        at=at,
        level=level,
        slope=slope,
        level_var=level_var,
        covariance=covariance,
        slope_var=slope_var,
        trend=trend,
        seen=seen,
        off=int(side),
        off_since=_EPOCH + timedelta(seconds=since * SECONDS_PER_YEAR) if side else None,
    )

"""Where every patient stood at a time: everything at or before it, nothing after."""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twin.forecast.joint import step as kernel
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.series import Series

Array = NDArray[np.float64]
Index = NDArray[np.int64]
HOUSE_COUNT = 4.0  # surprises: a patient's own restlessness starts from as many at the model's own size


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One new reading: years on the patient's clock, signal 0 .. K-1, value on the working scale."""

    time: float
    signal: int
    value: float
    censored: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """M states of K signals, working scale, years.

    mean, trend (M, K): the population's mean there and its change a year, as known then. x (M, 3K), p (M, 3K, 3K):
    the state as deviation from it (levels, slopes, swings). off (M, K, 2), tally (M, K, 5): see `step.py`.
    covariates (M, C): the patient's own.
    """

    patient: Index
    time: Array
    mean: Array
    trend: Array
    x: Array
    p: Array
    off: Array
    tally: Array
    covariates: Array

    @property
    def level(self) -> Array:
        """The true value now (M, K): what stays and what comes and goes."""
        k = self.mean.shape[1]
        return np.asarray(self.mean + self.x[:, :k] + self.x[:, 2 * k :])

    @property
    def slope(self) -> Array:
        """The lasting change a year (M, K)."""
        k = self.mean.shape[1]
        return np.asarray(self.trend + self.x[:, k : 2 * k])

    @property
    def covariance(self) -> Array:
        """Of (levels, slopes): (M, 2K, 2K)."""
        k = self.mean.shape[1]
        onto = np.zeros((2 * k, 3 * k))
        onto[: 2 * k, : 2 * k] = np.eye(2 * k)
        onto[:k, 2 * k :] = np.eye(k)
        return np.asarray(onto @ self.p @ onto.T)

    @property
    def seen(self) -> Array:
        """How many readings of each signal there were (M, K)."""
        return self.tally[:, :, kernel.SEEN]

    @property
    def last(self) -> Array:
        """Years since the last reading of each signal (M, K); infinity where there was none."""
        since = self.time[:, np.newaxis] - self.tally[:, :, kernel.LAST]
        return np.where(self.seen > 0, since, np.inf)

    @property
    def newest(self) -> Array:
        """The last reading of each signal (M, K), working scale; the level where there was none."""
        return np.where(self.seen > 0, self.tally[:, :, kernel.VALUE], self.level)

    @property
    def restless(self) -> Array:
        """How much larger than expected the squared surprises of this patient were (M, K); 1 = as expected."""
        squares, counted = self.tally[:, :, kernel.SQUARES], self.tally[:, :, kernel.COUNTED]
        return np.asarray((HOUSE_COUNT + squares) / (HOUSE_COUNT + counted))


def states_at(model: JointModel, series: Series, patient: Index, time: Array) -> Asked:
    """Return the state of `patient` (M,) at `time` (M,), from all readings and starts at or before it.

    A patient without any is given the prior. The digits are the same alone or among others, in any order.

    Raises:
        ValueError: the series has other signals, covariates or kinds of start than the model, or a patient is unknown.
    """
    patient, time = np.asarray(patient, dtype=np.int64), np.asarray(time, dtype=np.float64)
    if len(patient) and (patient.min() < 0 or patient.max() >= series.patients):
        raise ValueError(f"a patient outside 0 .. {series.patients - 1}")
    return _walked(model, series, patient, time, np.zeros((3, len(series.time))))


def log_likelihood(model: JointModel, series: Series) -> Array:
    """Return the log likelihood of each reading given all before it: (N,), in the order of the series."""
    return surprises(model, series)[0]


def surprises(model: JointModel, series: Series) -> Array:
    """Return what the filter made of each reading (3, N): log likelihood, noise added to a wild one, step variance."""
    made = np.zeros((3, len(series.time)))
    last = np.full(series.patients, -np.inf)
    np.maximum.at(last, series.patient, series.time)
    read = np.flatnonzero(np.isfinite(last))
    _walked(model, series, read, last[read], made)
    return made


def update(model: JointModel, state: Asked, fact: Reading) -> Asked:
    """Take one new reading into one patient's state (M = 1): the same as filtering everything again.

    Raises:
        ValueError: the reading lies before the state (a late one needs the series filtered again), or M is not 1.
    """
    moved = carried(model, state, fact.time)
    mean = float(moved.mean[0, fact.signal])
    kernel.observe(
        moved.x[0],
        moved.p[0],
        moved.off[0],
        moved.tally[0],
        fact.signal,
        fact.time,
        fact.value,
        mean,
        fact.censored,
        float(model.noise[fact.signal]),
        model.gate,
        model.step_years,
    )
    return moved


def started(model: JointModel, state: Asked, which: int, time: float) -> Asked:
    """Return one patient's state (M = 1) after the start of a treatment or diagnosis at `time`."""
    moved = carried(model, state, time)
    return replace(moved, mean=moved.mean + model.step[:, which], trend=moved.trend + model.ramp[:, which])


def carried(model: JointModel, state: Asked, time: float) -> Asked:
    """Return one patient's state (M = 1) at a later time, with nothing new; a copy.

    Raises:
        ValueError: `time` lies before the state, or M is not 1.
    """
    if len(state.time) != 1:
        raise ValueError(f"one state is carried at a time, not {len(state.time)}")
    years = time - float(state.time[0])
    if years < 0:
        raise ValueError("a reading older than the state: filter the series again")
    moved = replace(
        state,
        time=np.array([time]),
        mean=state.mean + years * state.trend,
        **{name: getattr(state, name).copy() for name in ("x", "p", "off", "tally")},
    )
    if state.seen.any():  # without a reading the prior stands wherever it is asked for
        dynamics = (model.drift, model.wander, model.swing, model.rate, model.relaxation)
        kernel.propagate(moved.x[0], moved.p[0], years, *dynamics)
    return moved


def _walked(model: JointModel, series: Series, patient: Index, time: Array, made: Array) -> Asked:
    shapes = (model.intercept.shape[1], model.step.shape[1], model.signals)
    if shapes != (series.covariates.shape[1], series.kinds, series.signals):
        raise ValueError(
            f"a model of {shapes[2]} signals, {shapes[0]} covariates and {shapes[1]} kinds of start for a series of "
            f"{series.signals}, {series.covariates.shape[1]} and {series.kinds}"
        )
    asked, k = len(patient), model.signals
    state = Asked(
        patient=patient,
        time=time,
        mean=np.empty((asked, k)),
        trend=np.empty((asked, k)),
        x=np.empty((asked, 3 * k)),
        p=np.empty((asked, 3 * k, 3 * k)),
        off=np.empty((asked, k, 2)),
        tally=np.empty((asked, k, 5)),
        covariates=series.covariates[patient],
    )
    order = np.lexsort((time, patient))
    _walk(
        (series.time, series.signal, series.value, series.censored),
        (series.start_time, series.start_which),
        series.covariates,
        (model.intercept, model.trend, model.step, model.ramp),
        (model.drift, model.wander, model.swing, model.rate, model.relaxation),
        (model.prior, model.noise, model.gate, model.step_years),
        (order, patient, time, np.searchsorted(series.patient, patient)),
        (np.searchsorted(series.patient, patient, side="right"), np.searchsorted(series.start_patient, patient)),
        np.searchsorted(series.start_patient, patient, side="right"),
        (state.mean, state.trend, state.x, state.p, state.off, state.tally),
        made,
    )
    return state


@njit(cache=True)
def _walk(  # type: ignore[no-untyped-def]  # tuples of arrays, typed by `_walked`, their only caller
    readings, starts, covariates, effects, dynamics, start_values, asks, ends, start_ends, out, made
):
    times, signals, values, censored = readings
    prior, noise, gate, step_years = start_values
    order, patient, asked_time, first_row = asks
    last_row, first_start = ends
    drift, wander, swing, rate, relaxation = dynamics
    k = noise.shape[0]
    x, p, off, tally = np.empty(3 * k), np.empty((3 * k, 3 * k)), np.empty((k, 2)), np.empty((k, 5))
    mean, trend = np.empty(k), np.empty(k)
    who, row, now = -1, 0, 0.0
    for ask in order:
        if patient[ask] != who:
            who, row = patient[ask], first_row[ask]
            kernel.begin(x, p, prior, swing, rate)
            off[:] = 0.0
            tally[:] = 0.0
        while row < last_row[ask] and times[row] <= asked_time[ask]:
            if row > first_row[ask]:
                kernel.propagate(x, p, times[row] - now, drift, wander, swing, rate, relaxation)
            now = times[row]
            known = (first_start[ask], start_ends[ask])
            population(now, covariates[who], effects, starts, known, mean, trend)
            s = signals[row]
            made[0, row], made[1, row], made[2, row] = kernel.observe(
                x, p, off, tally, s, now, values[row], mean[s], censored[row], noise[s], gate, step_years
            )
            row += 1
        out[2][ask], out[3][ask] = x, p
        if row > first_row[ask]:
            kernel.propagate(out[2][ask], out[3][ask], asked_time[ask] - now, drift, wander, swing, rate, relaxation)
        known = (first_start[ask], start_ends[ask])
        population(asked_time[ask], covariates[who], effects, starts, known, out[0][ask], out[1][ask])
        out[4][ask], out[5][ask] = off, tally


@njit(cache=True)
def population(time, covariates, effects, starts, known, mean, trend):  # type: ignore[no-untyped-def]  # as `_walk`
    """Set the population's `mean` and `trend` (K,) at `time`, with the starts number known[0] .. known[1] - 1."""
    intercept, slope, step, ramp = effects
    start_time, start_which = starts
    for k in range(mean.shape[0]):
        mean[k], trend[k] = 0.0, 0.0
        for c in range(covariates.shape[0]):
            mean[k] += (intercept[k, c] + slope[k, c] * time) * covariates[c]
            trend[k] += slope[k, c] * covariates[c]
        for i in range(known[0], known[1]):
            if start_time[i] <= time:
                mean[k] += step[k, start_which[i]] + ramp[k, start_which[i]] * (time - start_time[i])
                trend[k] += ramp[k, start_which[i]]

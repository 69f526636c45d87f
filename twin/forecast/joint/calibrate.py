"""How far off were the forecasts of the training patients, and what of that was to be known: fits the corrections.

Each training patient is walked as it was known then; every forecast of a later reading is compared with that reading.
Shift, spread and shape of the error are fitted together by the pinball loss (the quantile form of the CRPS, Gneiting
and Raftery 2007, doi:10.1198/016214506000001437) in torch; how much of it to believe is chosen on patients left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.forecast.joint.features import features
from twin.forecast.joint.filter import states_at
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.predict import predict
from twin.forecast.joint.series import Series

Array = NDArray[np.float64]
Index = NDArray[np.int64]
PROBABILITIES = np.array([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99])
NEAR = 1.6  # a reading counts for a horizon when it lies within this factor of it


@dataclass(frozen=True, kw_only=True, slots=True)
class Errors:
    """N forecasts of one signal that came to pass.

    patient (N,); years (N,) ahead; raw (N, F) features; error (N,): reading less forecast mean, in SD of the forecast;
    least (N,): the same of the floor, -inf where there is none; weight (N,): the SD in natural units, mean 1.
    """

    patient: Index
    years: Array
    raw: Array
    error: Array
    least: Array
    weight: Array


def calibrate(
    model: JointModel,
    series: Series,
    signals: Sequence[int],
    horizons: Sequence[float],
    *,
    seed: int = 0,
    since: float = 0.0,
    pairs_at_most: int = 12_000,
) -> JointModel:
    """Return the model with a correction for each of `signals`, fitted at `horizons` (years, ascending).

    A signal whose forecasts too rarely met a reading to learn from keeps the model's own.

    Args:
        series: the training patients, all their readings. since: no forecast is made before this time.

    Raises:
        ValueError: horizons are not positive and ascending.
    """
    from twin.forecast.joint.learn import is_enough, learn  # torch is loaded where something is fitted
    from twin.forecast.one_thread import one_thread

    ahead = np.asarray(horizons, dtype=np.float64)
    if not len(ahead) or ahead[0] <= 0 or (np.diff(ahead) <= 0).any():
        raise ValueError(f"horizons must be positive and ascending: {list(horizons)}")
    found = {}
    for signal in signals:
        past = errors(model, series, signal, ahead, seed=seed, since=since, pairs_at_most=pairs_at_most)
        if is_enough(past):
            with one_thread():
                found[signal] = learn(past, ahead, PROBABILITIES, seed)
    return replace(model, corrections={**model.corrections, **found})


def errors(
    model: JointModel, series: Series, signal: int, horizons: Array, *, seed: int, since: float, pairs_at_most: int
) -> Errors:
    """Return the errors of forecasts of `signal` from each of its readings to the one nearest each horizon."""
    rows = np.flatnonzero((series.signal == signal) & (series.time >= since))
    origins, targets = _pairs(series, rows, horizons)
    above = ~series.censored[origins]  # where it starts from below the floor nothing is forecast
    origins, targets = origins[above], targets[above]
    if len(origins) > pairs_at_most:
        kept = np.sort(np.random.default_rng(seed).choice(len(origins), pairs_at_most, replace=False))
        origins, targets = origins[kept], targets[kept]
    asked = states_at(model, series, series.patient[origins], series.time[origins])
    years = series.time[targets] - series.time[origins]
    made = predict(model, asked, signal, years)
    spread, scale = np.sqrt(made.variance), model.scales[signal]
    least = np.full(len(years), -np.inf)
    if scale.floor is not None:
        least = (scale.working(np.array([scale.floor])) - made.mean) / spread
    step = 1e-3 * spread
    natural = (scale.natural(made.mean + step) - scale.natural(made.mean - step)) / 2e-3
    return Errors(
        patient=series.patient[origins],
        years=years,
        raw=features(model, asked, signal),
        error=(series.value[targets] - made.mean) / spread,
        least=least,
        weight=natural / natural.mean() if len(natural) else natural,
    )


def _pairs(series: Series, rows: Index, horizons: Array) -> tuple[Index, Index]:
    """Rows of origin and target, all pairs: `rows` are one signal's, sorted by patient and time."""
    origins, targets = [], []
    patient, time = series.patient[rows], series.time[rows]
    ends = np.searchsorted(patient, patient, side="right")
    for place in range(len(rows)):
        gaps = time[place + 1 : ends[place]] - time[place]
        for horizon in horizons if len(gaps) else ():
            nearest = int(np.argmin(np.abs(gaps - horizon)))
            if horizon / NEAR <= gaps[nearest] <= horizon * NEAR:
                origins.append(rows[place])
                targets.append(rows[place + 1 + nearest])
    return np.array(origins, dtype=np.int64), np.array(targets, dtype=np.int64)

"""How far off were the forecasts of patients, walked as each was known then? Every one of a later reading is compared.

The errors are what corrections are fitted to (`learn`), one signal at a time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.forecast.joint.features import features
from twin.forecast.joint.filter import states_at
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.predict import predict
from twin.forecast.joint.series import Series

Array = NDArray[np.float64]
Index = NDArray[np.int64]
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

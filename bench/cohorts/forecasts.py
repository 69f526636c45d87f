"""The forecast peers: last value, mixed model, gradient-boosted quantiles, Gaussian process.

Each gets the pairs of one signal and the fold left out, and returns quantiles (N, 9) on the working scale for every
pair, of which those of the fold left out are used.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from bench.cohorts.gaussian_process import fit_gaussian_process
from bench.cohorts.history import SignalSeries, whole_history
from bench.cohorts.landmarks import telling
from bench.cohorts.mixed import fit_mixed
from bench.cohorts.pairs import LEVELS, Pairs, pairs_of, residual_quantiles
from bench.cohorts.study import Study, scorer

Forecast = Callable[[Study, Pairs, int], np.ndarray]


def last_value(study: Study, pairs: Pairs, fold: int) -> np.ndarray:
    """The value at the origin, with the training patients' changes since."""
    known = SignalSeries(study, pairs.signal).ask(pairs.rows)["last"]
    return residual_quantiles(pairs, pairs.fold != fold, known, np.ones(len(known)))


def mixed_model(study: Study, pairs: Pairs, fold: int) -> np.ndarray:
    """Random intercept and slope; its predictive spread, with the training patients' standardised residuals."""
    mean, variance, _ = fit_mixed(study, pairs.signal, fold).at(study, pairs.rows, pairs.target)
    return residual_quantiles(pairs, pairs.fold != fold, mean, np.sqrt(variance))


def gaussian_process(study: Study, pairs: Pairs, fold: int) -> np.ndarray:
    """A Gaussian process a patient, hyper-parameters shared; standardised residuals as for the mixed model."""
    mean, variance = fit_gaussian_process(study, pairs.signal, fold).at(study, pairs.rows, pairs.target)
    return residual_quantiles(pairs, pairs.fold != fold, mean, np.sqrt(variance))


def boosted_quantiles(study: Study, pairs: Pairs, fold: int) -> np.ndarray:
    """The change since the origin, each quantile its own boosted trees on the whole history."""
    features = whole_history(study, pairs.rows)
    features = features[telling(features)]
    table = np.column_stack([features.to_numpy(float), pairs.ahead])
    train, last = pairs.fold != fold, SignalSeries(study, pairs.signal).ask(pairs.rows)["last"]
    quantiles = np.empty((len(last), len(LEVELS)))
    for j, level in enumerate(LEVELS):
        trees = HistGradientBoostingRegressor(
            loss="quantile", quantile=float(level), learning_rate=0.08, max_iter=80, max_leaf_nodes=6,
            min_samples_leaf=30, l2_regularization=1.0, max_bins=63, max_features=0.3, early_stopping=False,
            random_state=0,
        )  # fmt: skip
        trees.fit(table[train], (pairs.value - last)[train])
        quantiles[:, j] = last + trees.predict(table)
    return np.sort(quantiles, axis=1)


FORECAST_PEERS: dict[str, Forecast] = {
    "last_value": last_value,
    "mixed_model": mixed_model,
    "boosted_quantiles": boosted_quantiles,
    "gaussian_process": gaussian_process,
}


def cross_fit_forecast(study: Study, peer: Forecast) -> pd.DataFrame:
    """`patient_id, biomarker, origin_time, target_time, mean, q...` for every row of the task."""
    parts = []
    for signal in scorer().P[study.task]["forecast"]:
        pairs = pairs_of(study, signal)
        for fold in sorted(study.fold.unique()):
            held = pairs.fold == fold
            quantiles = pairs.from_scale(peer(study, pairs, fold)[held])
            part = pairs.tasks[held].drop(columns="bin").assign(mean=quantiles[:, len(LEVELS) // 2])
            parts.append(part.assign(**{f"q{level:g}": quantiles[:, j] for j, level in enumerate(LEVELS)}))
    return pd.concat(parts, ignore_index=True)

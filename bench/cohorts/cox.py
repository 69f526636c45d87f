"""The landmark Cox peers: one proportional-hazards model over all landmarks (van Houwelingen 2007).

doi:10.1111/j.1467-9469.2006.00529.x; fitted with lifelines.
"""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError, ConvergenceWarning

from bench.cohorts.landmarks import Filling, Stack

Predict = Callable[[pd.DataFrame], np.ndarray]


def fit_cox(train: Stack, *, ridge: float = 0.01, competing_stays: bool = True) -> Predict:
    """Fit and return features -> risk (rows, horizons)."""
    filling = Filling.of(train.features)
    table = filling(train.features)
    table["_years"], table["_event"] = train.until(competing_stays=competing_stays)
    model = _converged(table, ridge)

    def predict(features: pd.DataFrame) -> np.ndarray:
        steps = np.asarray(model.baseline_cumulative_hazard_.index, float)
        hazard = model.baseline_cumulative_hazard_.to_numpy()[:, 0]
        base = np.array([hazard[np.searchsorted(steps, w, side="right") - 1] for w in train.horizons])
        score = np.exp(model.predict_log_partial_hazard(filling(features)).to_numpy())
        return 1 - np.exp(-score[:, None] * base)

    return predict


def _converged(table: pd.DataFrame, ridge: float) -> CoxPHFitter:
    """The fit at `ridge`, or at the first of a rising row of ridges where Newton's steps settle: some wander off."""
    for factor in (1, 2, 4, 8, 16):
        model = CoxPHFitter(penalizer=ridge * factor)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", ConvergenceWarning)
                return model.fit(table, duration_col="_years", event_col="_event", show_progress=False)
        except (ConvergenceError, ConvergenceWarning):
            continue
    raise ConvergenceError("the landmark Cox settles at no ridge")

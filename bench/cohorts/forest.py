"""The random survival forest peer (Ishwaran 2008, doi:10.1214/08-AOAS169), fitted with scikit-survival."""

import numpy as np
import pandas as pd
from sksurv.ensemble import RandomSurvivalForest
from sksurv.util import Surv

from bench.cohorts.cox import Predict
from bench.cohorts.landmarks import Filling, Stack

_ROWS = 2_500  # a forest on more takes minutes a fold here; whether more would help was not measured
_STEPS = 24  # event times are put on so many steps up to the longest horizon: splits cost time by each distinct time
_BATCH = 5_000  # rows predicted at once: survival curves of every tree's leaves take memory


def fit_forest(train: Stack, *, trees: int = 200, seed: int = 0) -> Predict:
    """Fit and return features -> risk (rows, horizons). Competing events stay in the risk set, event-free."""
    chosen = np.random.default_rng(seed).permutation(len(train.rows))[:_ROWS]
    filling = Filling.of(train.features)
    years, event = train.until(competing_stays=True)
    step = max(train.horizons) / _STEPS
    years = np.ceil(years / step) * step
    # leaves of 1.5 %, 10 rows at least: the rows of one patient at many landmarks are alike; not tuned
    leaf = max(10, int(0.015 * len(chosen)))
    forest = RandomSurvivalForest(
        n_estimators=trees, min_samples_leaf=leaf, max_features="sqrt", n_jobs=1, random_state=seed
    )
    known = filling(train.features).to_numpy()[chosen]
    forest.fit(known, Surv.from_arrays(event[chosen] == 1, years[chosen]))

    def predict(features: pd.DataFrame) -> np.ndarray:
        known = filling(features).to_numpy()
        at = [np.searchsorted(forest.unique_times_, w + 1e-9, side="right") - 1 for w in train.horizons]
        parts = [
            forest.predict_survival_function(known[i : i + _BATCH], return_array=True)[:, at]
            for i in range(0, len(known), _BATCH)
        ]
        return 1 - np.concatenate(parts)

    return predict

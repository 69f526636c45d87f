"""How far off were the forecasts of the training patients, and what of that was to be known: fits the corrections.

Shift, spread and shape of the errors (`errors`) are fitted together by the pinball loss (the quantile form of the CRPS,
Gneiting and Raftery 2007, doi:10.1198/016214506000001437) in torch; how much of it to believe is chosen on patients
left out.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from twin.forecast.joint.errors import errors
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.series import Series

PROBABILITIES = np.array([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99])


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

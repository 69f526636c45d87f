"""The cells in which risks are comparable: one landmark and horizon, with what is known of each row by then.

Inverse probability of censoring weights: Gerds and Schumacher 2006, doi:10.1002/bimj.200610301; with competing events
Blanche, Dartigues and Jacqmin-Gadda 2013, doi:10.1002/sim.5958. They hold where censoring does not depend on the risk.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.forecast.evaluate.rows import Array, Ids, NotJudgeable, Outcomes, Predictions

FEWEST = 5  # cases and controls a cell needs: below it an AUC says nothing (the cohorts' protocol, score_cohort.py)
_LEAST_UNCENSORED = 1e-6  # bounds a weight where nobody is left under observation


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """Rows judged together; `landmark` is None where every visit is one, told on the scale of time since it.

    `event`: had it within the horizon. `weight`: 0 where censored before the horizon, so that nothing is known.
    """

    landmark: float | None
    horizon: float
    patient: Ids
    event: Array
    weight: Array
    risk: Array

    @property
    def cases(self) -> int:
        """How many rows are known to have had the event."""
        return int(((self.event == 1) & (self.weight > 0)).sum())

    @property
    def patients_with_event(self) -> int:
        """How many patients they are: one may stand in many rows."""
        return len(np.unique(self.patient[(self.event == 1) & (self.weight > 0)]))

    @property
    def controls(self) -> int:
        """How many are known not to have had it."""
        return int(((self.event == 0) & (self.weight > 0)).sum())

    @property
    def is_usable(self) -> bool:
        """Whether there is enough to judge by."""
        return min(self.cases, self.controls) >= FEWEST


def cells(predictions: Predictions, outcomes: Outcomes, *, by_landmark: bool = True) -> Iterator[Cell]:
    """Yield the rows by landmark and horizon, or by horizon alone, in order.

    Raises:
        NotJudgeable: a row is there twice, has no outcome, or lies at or after the end of its patient's follow-up.
    """
    time, status = outcomes.of(predictions.patient)
    left = time - predictions.landmark
    if (left <= 0).any():
        raise NotJudgeable("a prediction at or after the end of the patient's follow-up")
    _refuse_repeats(predictions)
    landmark = predictions.landmark if by_landmark else np.zeros(len(predictions))
    for key in np.unique(np.stack([landmark, predictions.horizon], axis=1), axis=0):
        chosen = (landmark == key[0]) & (predictions.horizon == key[1])
        event, weight = known(left[chosen], status[chosen], float(key[1]))
        yield Cell(
            landmark=float(key[0]) if by_landmark else None,
            horizon=float(key[1]),
            patient=predictions.patient[chosen],
            event=event,
            weight=weight,
            risk=predictions.risk[chosen],
        )


def known(left: Array, status: NDArray[np.int64], horizon: float) -> tuple[Array, Array]:
    """Return (event (N,), weight (N,)): who had the event within the horizon, and how many each row stands for.

    Args:
        left: years from the landmark to the outcome, above 0. status: 0 censored, 1 event, 2 competing event.
    """
    times, free = uncensored(left, status == 0)
    before = np.searchsorted(times, left, side="left")
    at_horizon = np.searchsorted(times, horizon, side="right")
    share = np.maximum(np.concatenate([[1.0], free]), _LEAST_UNCENSORED)
    is_early = (left <= horizon) & (status != 0)
    weight = np.where(is_early, 1 / share[before], np.where(left > horizon, 1 / share[at_horizon], 0.0))
    return ((left <= horizon) & (status == 1)).astype(np.float64), weight


def uncensored(time: Array, is_censored: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return (times (K,), P(still under observation) just after each (K,)) by Kaplan and Meier."""
    times, place, count = np.unique(time, return_inverse=True, return_counts=True)
    under_observation = len(time) - np.cumsum(count) + count
    censored = np.bincount(place, weights=is_censored, minlength=len(times))
    return times, np.cumprod(1 - censored / under_observation)


def _refuse_repeats(predictions: Predictions) -> None:
    numbers: NDArray[Any] = np.unique(predictions.patient, return_inverse=True)[1]
    rows = np.stack([numbers.astype(np.float64), predictions.landmark, predictions.horizon], axis=1)
    if len(np.unique(rows, axis=0)) != len(rows):
        raise NotJudgeable("the same patient, landmark and horizon twice")

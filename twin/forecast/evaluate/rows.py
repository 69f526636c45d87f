"""What is judged: predicted risks, one a row, and what became of the patients."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Ids = NDArray[Any]  # of integers or of words


class NotJudgeable(ValueError):
    """These predictions can't be judged on these outcomes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Predictions:
    """Risks P(event in (landmark, landmark + horizon] | known until the landmark): all arrays (N,), times in years."""

    patient: Ids
    landmark: Array
    horizon: Array
    risk: Array

    def __post_init__(self) -> None:
        lengths = {len(self.patient), len(self.landmark), len(self.horizon), len(self.risk)}
        if len(lengths) != 1:
            raise NotJudgeable(f"predictions of differing lengths: {sorted(lengths)}")
        if not (np.isfinite(self.landmark).all() and np.isfinite(self.horizon).all() and (self.horizon > 0).all()):
            raise NotJudgeable("a landmark or horizon that is no time")
        if not ((self.risk >= 0) & (self.risk <= 1)).all():
            raise NotJudgeable("a risk outside 0 to 1, or none")

    def __len__(self) -> int:
        return len(self.risk)

    def take(self, chosen: NDArray[Any]) -> "Predictions":
        """Return the rows chosen by a mask or by numbers."""
        return Predictions(
            patient=self.patient[chosen],
            landmark=self.landmark[chosen],
            horizon=self.horizon[chosen],
            risk=self.risk[chosen],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """What became of each patient: (P,) patients, years, and 0 censored, 1 event, 2 competing event."""

    patient: Ids
    time: Array
    status: NDArray[np.int64]

    def __post_init__(self) -> None:
        if len({len(self.patient), len(self.time), len(self.status)}) != 1:
            raise NotJudgeable("outcomes of differing lengths")
        if len(np.unique(self.patient)) != len(self.patient):
            raise NotJudgeable("a patient with two outcomes")
        if not np.isfinite(self.time).all() or not np.isin(self.status, (0, 1, 2)).all():
            raise NotJudgeable("an outcome without a time, or with a status that is not 0, 1 or 2")

    def of(self, patients: Ids) -> tuple[Array, NDArray[np.int64]]:
        """Return times and statuses of these patients (N,).

        Raises:
            NotJudgeable: one of them has no outcome.
        """
        if not np.isin(patients, self.patient).all():
            raise NotJudgeable("a prediction for a patient without an outcome")
        order = np.argsort(self.patient, kind="stable")
        found = order[np.searchsorted(self.patient, patients, sorter=order)]
        return self.time[found], self.status[found]


def predictions_of(frame: "pd.DataFrame") -> Predictions:
    """Return the predictions in a table with patient_id, landmark_time, horizon and risk."""
    return Predictions(
        patient=ids(frame["patient_id"].to_numpy()),
        landmark=frame["landmark_time"].to_numpy(dtype=np.float64),
        horizon=frame["horizon"].to_numpy(dtype=np.float64),
        risk=frame["risk"].to_numpy(dtype=np.float64),
    )


def outcomes_of(frame: "pd.DataFrame") -> Outcomes:
    """Return the outcomes in a table with patient_id, time and status, one row a patient."""
    return Outcomes(
        patient=ids(frame["patient_id"].to_numpy()),
        time=frame["time"].to_numpy(dtype=np.float64),
        status=frame["status"].to_numpy(dtype=np.int64),
    )


def ids(values: NDArray[Any]) -> Ids:
    """Return patient ids as integers or as words, which sort and compare."""
    return values if values.dtype.kind in "iu" else values.astype(np.str_)

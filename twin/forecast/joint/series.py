"""The readings of many patients as flat columns, in the one order the filter walks them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """N readings of P patients in K signals; made by `series`, which sorts and checks.

    patient (N,) 0 .. P-1; time (N,) years; signal (N,) 0 .. K-1; value (N,) working scale; censored (N,): the value is
    only an upper limit. covariates (P, C), known at the patient's time zero, the first column all 1. start_* (S,):
    from `start_time` on the patient has treatment or diagnosis `start_which` (0 .. W-1).
    """

    patient: Index
    time: Array
    signal: Index
    value: Array
    censored: Mask
    covariates: Array
    start_patient: Index
    start_time: Array
    start_which: Index
    signals: int
    kinds: int

    @property
    def patients(self) -> int:
        """How many patients there are, those without a reading included."""
        return int(self.covariates.shape[0])


def series(
    *,
    patient: Index,
    time: Array,
    signal: Index,
    value: Array,
    covariates: Array,
    signals: int,
    censored: Mask | None = None,
    starts: tuple[Index, Array, Index] | None = None,
    kinds: int = 0,
) -> Series:
    """Return the readings sorted by patient, time, signal, value: any order of rows gives the same series.

    Args:
        starts: (patient, time, which), each (S,); `kinds` is how many sorts of start there are (W).

    Raises:
        ValueError: columns of unequal length, an index out of range, a value that is not finite, no intercept.
    """
    patient, signal = np.asarray(patient, dtype=np.int64), np.asarray(signal, dtype=np.int64)
    time, value = np.asarray(time, dtype=np.float64), np.asarray(value, dtype=np.float64)
    covariates = np.asarray(covariates, dtype=np.float64)
    cut = np.zeros(len(patient), dtype=bool) if censored is None else np.asarray(censored, dtype=bool)
    who, when, which = starts or (np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
    who, which = np.asarray(who, dtype=np.int64), np.asarray(which, dtype=np.int64)
    when = np.asarray(when, dtype=np.float64)
    if not len(patient) == len(time) == len(signal) == len(value) == len(cut):
        raise ValueError(f"columns of unequal length: {len(patient)}, {len(time)}, {len(signal)}, {len(value)}")
    if covariates.ndim != 2 or not (covariates[:, 0] == 1).all() or not np.isfinite(covariates).all():
        raise ValueError(f"covariates {covariates.shape} must be finite, (P, C), the first column all 1")
    if not (np.isfinite(time).all() and np.isfinite(value).all() and np.isfinite(when).all()):
        raise ValueError("a time or a value is not finite")
    _in_range("patient", patient, len(covariates))
    _in_range("signal", signal, signals)
    _in_range("start's patient", who, len(covariates))
    _in_range("start", which, kinds)
    order, begun = np.lexsort((value, signal, time, patient)), np.lexsort((which, when, who))
    return Series(
        patient=patient[order],
        time=time[order],
        signal=signal[order],
        value=value[order],
        censored=cut[order],
        covariates=covariates,
        start_patient=who[begun],
        start_time=when[begun],
        start_which=which[begun],
        signals=signals,
        kinds=kinds,
    )


def of_patients(whole: Series, chosen: Index) -> Series:
    """Return the series of the `chosen` patients (Q,) only, renumbered 0 .. Q-1 in the order given."""
    number = np.full(whole.patients, -1, dtype=np.int64)
    number[chosen] = np.arange(len(chosen))
    rows, begun = number[whole.patient] >= 0, number[whole.start_patient] >= 0
    return series(
        patient=number[whole.patient[rows]],
        time=whole.time[rows],
        signal=whole.signal[rows],
        value=whole.value[rows],
        censored=whole.censored[rows],
        covariates=whole.covariates[chosen],
        signals=whole.signals,
        starts=(number[whole.start_patient[begun]], whole.start_time[begun], whole.start_which[begun]),
        kinds=whole.kinds,
    )


def _in_range(name: str, index: Index, below: int) -> None:
    if len(index) and (index.min() < 0 or index.max() >= below):
        raise ValueError(f"a {name} outside 0 .. {below - 1}: {index.min()} .. {index.max()}")

"""At which moments of which patients risks are learnt."""

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from twin.cohort.spec import Spec
from twin.cohort.tables import Cohort, Outcomes
from twin.forecast.history import Readings, number

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def moments(cohort: Cohort, spec: Spec, outcomes: Outcomes) -> tuple[Index, Array, NDArray[np.bool_]]:
    """Return patient (M,), time (M,) and whether it is one of the specification's own times (M,).

    A moment counts where the patient has been seen at or before it and the endpoint is still ahead. Of the visits, at
    most `spec.visits` of a patient, spread evenly over the follow-up.
    """
    first = np.full(len(cohort.ids), np.inf)
    np.minimum.at(first, cohort.visits.patient, cohort.visits.time)
    everybody = np.arange(len(cohort.ids))
    patient = [everybody[(outcomes.time > at) & (first <= at)] for at in spec.landmarks]
    time = [np.full(len(who), at) for who, at in zip(patient, spec.landmarks, strict=True)]
    own = sum(len(who) for who in patient)
    chosen, when = _visits(cohort, spec, outcomes)
    who, at = np.concatenate((*patient, chosen)).astype(np.int64), np.concatenate((*time, when)).astype(np.float64)
    is_own = np.arange(len(who)) < own if own else np.ones(len(who), dtype=bool)
    inside = _inside(cohort, spec, who, at)
    return who[inside], at[inside], is_own[inside]


def folds(ids: NDArray[np.object_], count: int) -> Index:
    """Return the fold of each patient, 0..count-1, from the id alone: the same whoever else is there."""
    return np.array([int(sha256(str(each).encode()).hexdigest()[:8], 16) % count for each in ids], dtype=np.int64)


def _visits(cohort: Cohort, spec: Spec, outcomes: Outcomes) -> tuple[Index, Array]:
    patient, time = cohort.visits.patient, cohort.visits.time
    ahead = (time >= 0) & (outcomes.time[patient] > time)
    order = np.lexsort((time[ahead], patient[ahead]))
    patient, time = patient[ahead][order], time[ahead][order]
    again = np.zeros(len(time), dtype=bool)
    again[1:] = (patient[1:] == patient[:-1]) & (time[1:] == time[:-1])
    patient, time = patient[~again], time[~again]
    start = np.searchsorted(patient, patient, side="left")
    count = np.searchsorted(patient, patient, side="right") - start
    number = np.arange(len(patient)) - start
    every = np.maximum(count / max(spec.visits, 1), 1.0)
    # visit n is taken where n / every passes a whole number: `spec.visits` of them, the last one among them
    taken = (np.floor((number + 1) / every + 1e-9) > np.floor(number / every + 1e-9)) & (spec.visits > 0)
    return patient[taken], time[taken]


def _inside(cohort: Cohort, spec: Spec, patient: Index, at: Array) -> NDArray[np.bool_]:
    if spec.window is None:
        return np.ones(len(patient), dtype=bool)
    column = cohort.columns[spec.window.column]
    readings = Readings.of(column.patient, column.time, column.value, len(cohort.ids))
    newest = number(readings, patient, at, 1.0)["newest"]
    return np.asarray((newest >= spec.window.at_least) & (newest < spec.window.below))

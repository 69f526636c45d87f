"""What is known of patients of a cohort at chosen moments: the predictors of the risk, by name."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from twin.cohort.spec import Spec
from twin.cohort.tables import Cohort, Column
from twin.forecast.hazards.rows import Looks
from twin.forecast.history import Readings, number, pace, state

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_REPEATS = frozenset({"recent", "slope", "spread", "highest", "lowest", "count", "last_year", "doubt"})
"""Summaries that the newest value, the mean, the trajectory and the pace of visits mostly say already: held apart."""
_FOLLOWED = frozenset({"level", "drift", "doubt"})
"""What the trajectory model says: for the sum. The net looks at the record itself, so that each errs elsewhere."""
_STANDING = frozenset({"", "newest", "step", "since", "noted", "for"})
"""How something stands: all that the leaner net looks at."""
_FOR_NETS = frozenset({"step", "noted"})
"""A sum of terms foretells no better with them."""
_VISITS = "seen"


def spreads(cohort: Cohort, spec: Spec) -> dict[str, float]:
    """Return the SD of each biomarker over all readings, working scale; 1 where it was read at most once."""
    found = {}
    for biomarker in spec.biomarkers:
        values = biomarker.scale.working(cohort.columns[biomarker.column].value)
        sd = float(np.std(values)) if len(values) > 1 else 1.0
        found[biomarker.column] = sd or 1.0
    return found


def predictors(cohort: Cohort, spec: Spec, spread: Mapping[str, float], patient: Index, at: Array) -> dict[str, Array]:
    """Return every predictor, (M,) each, from what lies at or before `at` (M,); NaN where not known."""
    found = {"years since time zero": at.astype(np.float64)}
    for item in spec.baseline:
        values = cohort.baseline[item.column][patient]
        found[item.column] = values + at if item.grows else values
    for biomarker in spec.biomarkers:
        column = cohort.columns[biomarker.column]
        readings = _readings(column, len(cohort.ids), biomarker.scale.working(column.value))
        summed = number(readings, patient, at, spread[biomarker.column])
        found |= {f"{biomarker.column}: {what}": values for what, values in summed.items()}
    for name in spec.states:
        column = cohort.columns[name]
        summed = state(_readings(column, len(cohort.ids), column.value), patient, at)
        found |= {f"{name}: {what}": values for what, values in summed.items()}
    found |= _diagnosed(cohort, spec, patient, at)
    visits = _readings(cohort.visits, len(cohort.ids), cohort.visits.value)
    return found | {f"{_VISITS}: {what}": values for what, values in pace(visits, patient, at).items()}


def looks(names: Iterable[str]) -> Looks:
    """Return which of the predictors `names` the sum looks at, and which two nets beside it may."""
    kinds = {name: _kind(name) for name in names}
    return Looks(
        summed=frozenset(name for name, kind in kinds.items() if kind not in _FOR_NETS),
        apart=frozenset(name for name, kind in kinds.items() if kind in _REPEATS),
        nets=(
            frozenset(name for name, kind in kinds.items() if kind in _STANDING),
            frozenset(name for name, kind in kinds.items() if kind not in _FOLLOWED),
        ),
    )


def _kind(name: str) -> str:
    """Which summary of a column it is; empty for what is no summary of one, or of the visits."""
    column, colon, what = name.rpartition(": ")
    return what if colon and column != _VISITS else ""


def _diagnosed(cohort: Cohort, spec: Spec, patient: Index, at: Array) -> dict[str, Array]:
    found, total = {}, np.zeros(len(at))
    for name in spec.diagnoses:
        since = at - cohort.diagnoses[name][patient]
        has = since >= 0
        found[name] = has.astype(np.float64)
        found[f"{name}: for"] = np.log1p(np.where(has, since, 0.0))
        total += has
    return found | {"diagnoses": total} if spec.diagnoses else {}


def _readings(column: Column, patients: int, values: Array) -> Readings:
    return Readings.of(column.patient, column.time, values, patients)

"""The biomarkers of a cohort as one series for the joint trajectory model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.cohort.spec import Spec
from twin.cohort.tables import Cohort
from twin.forecast.joint.filter import Asked
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.series import Series, series

Array = NDArray[np.float64]
_READINGS_AT_LEAST = 20  # below it level, noise and drift can't be told apart


def middles(cohort: Cohort, spec: Spec) -> dict[str, float]:
    """Return the mean of each baseline number, to stand where a patient's is not known; 0 where nobody's is."""
    found = {}
    for item in spec.baseline:
        known = cohort.baseline[item.column][np.isfinite(cohort.baseline[item.column])]
        found[item.column] = float(known.mean()) if len(known) else 0.0
    return found


def followed(cohort: Cohort, spec: Spec) -> tuple[str, ...]:
    """Return the biomarkers with enough readings that differ to fit a trajectory to."""
    return tuple(
        each.column
        for each in spec.biomarkers
        if len(cohort.columns[each.column].value) >= _READINGS_AT_LEAST
        and np.ptp(each.scale.working(cohort.columns[each.column].value)) > 0
    )


def readings(cohort: Cohort, spec: Spec, middle: Mapping[str, float], keys: Sequence[str]) -> Series:
    """Return the readings of biomarkers `keys`, working scales, with baseline numbers and diagnoses that shift them.

    A reading below a limit of detection counts as "below it".
    """
    biomarkers = [each for key in keys if (each := spec.biomarker(key)) is not None]
    columns = [cohort.columns[biomarker.column] for biomarker in biomarkers]
    scales = [biomarker.scale for biomarker in biomarkers]
    baseline = [_filled(cohort.baseline[item.column], middle[item.column]) for item in spec.baseline]
    first = [cohort.diagnoses[name] for name in spec.shifts]
    has = [np.flatnonzero(np.isfinite(when)) for when in first]
    return series(
        patient=_joined([column.patient for column in columns]).astype(np.int64),
        time=_joined([column.time for column in columns]),
        signal=_joined([np.full(len(column.time), at) for at, column in enumerate(columns)]).astype(np.int64),
        value=_joined([scale.working(column.value) for scale, column in zip(scales, columns, strict=True)]),
        censored=_joined([scale.censored(column.value) for scale, column in zip(scales, columns, strict=True)]) > 0,
        covariates=np.stack([np.ones(len(cohort.ids)), *baseline], axis=1),
        signals=len(columns),
        starts=(
            _joined(has).astype(np.int64),
            _joined([when[who] for when, who in zip(first, has, strict=True)]),
            _joined([np.full(len(who), at) for at, who in enumerate(has)]).astype(np.int64),
        ),
        kinds=len(first),
    )


def standing(course: JointModel, asked: Asked) -> dict[str, Array]:
    """Return where each biomarker stands by the joint model, as predictors of the risk: level, slope and its SD."""
    found = {}
    for at, key in enumerate(course.keys):
        found[f"{key}: level"] = asked.level[:, at]
        found[f"{key}: drift"] = asked.slope[:, at]
        found[f"{key}: doubt"] = 0.5 * np.log(np.maximum(asked.covariance[:, at, at], 1e-12))
    return found


def _filled(values: Array, middle: float) -> Array:
    return np.where(np.isfinite(values), values, middle)


def _joined(parts: Sequence[NDArray[Any]]) -> Array:
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)

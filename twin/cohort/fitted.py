"""A fitted cohort model: what it needs to speak of new patients, and its file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.cohort import spec as specs
from twin.cohort.course import readings, standing
from twin.cohort.errors import CannotPredict
from twin.cohort.known import predictors
from twin.cohort.spec import Spec
from twin.cohort.tables import Cohort
from twin.errors import UnsupportedVersion
from twin.forecast import calibrate, model_file
from twin.forecast.hazards.model import HazardModel, Risk, risk
from twin.forecast.hazards.stored import from_arrays, to_arrays
from twin.forecast.joint.filter import states_at
from twin.forecast.joint.model import JointModel

Array = NDArray[np.float64]
Index = NDArray[np.int64]
KIND = "cohort"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """The risk model, the trajectory model (None without biomarkers) and what stands for what is not known.

    `spread`: SD of each biomarker; `middle`: mean of each baseline number.
    """

    spec: Spec
    hazard: HazardModel
    course: JointModel | None
    recalibration: calibrate.Recalibration
    spread: Mapping[str, float]
    middle: Mapping[str, float]


def known(
    spec: Spec, course: JointModel | None, spread: Mapping[str, float], middle: Mapping[str, float],
    cohort: Cohort, patient: Index, at: Array,
) -> dict[str, Array]:  # fmt: skip
    """Return every predictor of the risk at moments (M,), what the trajectories say among them."""
    found = predictors(cohort, spec, spread, patient, at)
    if course is None:
        return found
    return found | standing(course, states_at(course, readings(cohort, spec, middle, course.keys), patient, at))


def risks(
    fitted: Fitted,
    cohort: Cohort,
    patient: Index,
    at: Array,
    horizons: Sequence[float],
    *,
    has_interval: bool = True,
) -> Risk:
    """Return the calibrated risks (M, H) of patients at moments (M,), horizons in years, rising.

    At a moment before time zero the endpoint can't come sooner than time zero. Without `has_interval` it is faster, and
    `low` and `high` are the value itself.

    Raises:
        BeyondHorizon: further ahead than the model was fitted for.
    """
    x = known(fitted.spec, fitted.course, fitted.spread, fitted.middle, cohort, patient, at)
    own, asked = np.array(fitted.spec.horizons), np.asarray(horizons, dtype=np.float64)
    both = np.concatenate((own, asked))
    raw = risk(fitted.hazard, x, both.tolist(), safe_for=-at, has_interval=has_interval)
    value, low, high = (_calibrated(fitted, found, own, asked) for found in (raw.value, raw.low, raw.high))
    return Risk(value=value, low=low, high=high)


def _calibrated(fitted: Fitted, found: Array, own: Array, asked: Array) -> Array:
    """Calibrated risks at `asked`, none below that of an earlier horizon of the model's own: whatever else is asked."""
    both = np.concatenate((own, asked))
    moved = [
        calibrate.apply(fitted.recalibration, found[:, at], np.full(len(found), both[at])) for at in range(len(both))
    ]
    out = np.zeros((len(found), len(asked)))
    for column, horizon in enumerate(asked):
        earlier = [moved[at] for at in range(len(own)) if own[at] <= horizon]
        out[:, column] = np.max([moved[len(own) + column], *earlier], axis=0)
    return out


def save(fitted: Fitted, card: Mapping[str, Any], path: Path, made_on: date) -> str:
    """Write the model file and return the model's version."""
    arrays, written = to_arrays(fitted.hazard)
    stored = {f"risk.{name}": values for name, values in arrays.items()} | calibrate.to_arrays(fitted.recalibration)
    spec: dict[str, Any] = {
        "cohort": json.dumps(dict(fitted.spec.written)),  # as text: the order of columns is part of the model
        "risk": written,
        "course": None,
        "spread": dict(fitted.spread),
        "middle": dict(fitted.middle),
    }
    if fitted.course is not None:
        parameters, spec["course"] = fitted.course.to_arrays()
        stored |= {f"course.{name}": values for name, values in parameters.items()}
    made = model_file.versioned(kind=KIND, spec=spec, card=dict(card), arrays=stored, made_on=made_on)
    try:
        model_file.save(made, path)
    except OSError as error:
        raise CannotPredict(f"{path.name} cannot be written: {error.strerror}") from error
    return made.version


def load(path: Path) -> tuple[Fitted, str]:
    """Return the model in a file, and its version.

    Raises:
        UnreadableInput: no model file, a damaged one, or one of another kind.
    """
    try:
        found = model_file.load(path)
    except OSError as error:
        raise CannotPredict(f"{path.name}: {error.strerror}") from error
    return of_file(found), found.version


def of_file(found: model_file.ModelFile) -> Fitted:
    """Return the model that a model file holds; raises NotAModelFile where it is of another kind."""
    if found.kind != KIND:
        raise model_file.NotAModelFile(f"a model of the kind {found.kind!r}, not {KIND!r}")
    try:
        course = found.spec["course"]
        return Fitted(
            spec=specs.stored(json.loads(found.spec["cohort"])),
            hazard=from_arrays(_under("risk.", found.arrays), found.spec["risk"]),
            course=None if course is None else JointModel.from_arrays(_under("course.", found.arrays), course),
            recalibration=calibrate.from_arrays(found.arrays),
            spread=found.spec["spread"],
            middle=found.spec["middle"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnsupportedVersion(
            f"a cohort model of another version of this software: {type(error).__name__}"
        ) from error


def _under(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}

"""Will a biomarker pass a line, by when, and why: from futures of the joint trajectory model."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twin.cohort import tables
from twin.cohort.course import readings
from twin.cohort.errors import CannotPredict
from twin.cohort.fitted import Fitted
from twin.cohort.tables import Cohort
from twin.forecast.joint.drivers import drivers
from twin.forecast.joint.filter import Asked, states_at
from twin.forecast.joint.futures import futures
from twin.forecast.joint.model import JointModel
from twin.forecast.joint.passing import passed, reaches
from twin.forecast.joint.scale import Scale
from twin.record.fact import Absent

Array = NDArray[np.float64]

THRESHOLD_TASKS = "tasks_threshold.csv"
COLUMNS = ("patient_id", "biomarker", "origin_time", "threshold", "direction", "horizon")
NUMBERS = ("origin_time", "threshold", "horizon")
ABOVE, BELOW = "above", "below"
HORIZON_AT_MOST = 10.0  # years: as far as the pages follow a signal that is not seen
_STEPS_A_YEAR = 12
_NAMED = 3  # drivers that are told, the largest first
_HALF = 0.5


def predict_thresholds(fitted: Fitted, cohort: Cohort, asked: pd.DataFrame) -> pd.DataFrame:
    """Return the rows asked with how likely the level that lasts passes the threshold, when, and what moves it.

    A swing that comes and goes is left out: over months one of many would be past the line, and stay unseen.

    `already`: P(past it at the origin); `probability`: P(past it at some time until origin + horizon), by 1,024 futures
    (its standard error is at most .016); `years_to_half`: when that probability reaches one half, empty where it does
    not within the horizon; `drivers`: the largest parts of the change of the forecast at the horizon, on the working
    scale of the biomarker.

    Raises:
        BadTable: a patient the cohort has not.
        CannotPredict: a row that can't be answered, by its number.
    """
    course = _checked(fitted, asked)
    patient = cohort.index_of(asked, THRESHOLD_TASKS)
    series = readings(cohort, fitted.spec, fitted.middle, course.keys)
    state = states_at(course, series, patient, asked["origin_time"].to_numpy(dtype=np.float64))
    found = [
        _answer(fitted, course, state, row, *each)
        for row, each in enumerate(asked[["biomarker", "threshold", "direction", "horizon"]].itertuples(index=False))
    ]
    out = asked[list(COLUMNS)].copy()
    names = ("already", "probability", "years_to_half", "drivers")
    out[list(names)] = pd.DataFrame(found, columns=names, index=out.index)
    return out


def _checked(fitted: Fitted, asked: pd.DataFrame) -> JointModel:
    """The trajectory model, where it can answer every row."""
    course = fitted.course
    if course is None:
        raise CannotPredict("the model follows no biomarker")
    horizon = asked["horizon"].to_numpy(dtype=np.float64)
    for wrong, says in (
        (~asked["biomarker"].isin(course.keys), "the model does not follow this biomarker"),
        (~asked["direction"].isin((ABOVE, BELOW)), f"direction is {ABOVE} or {BELOW}"),
        (~((horizon > 0) & (horizon <= HORIZON_AT_MOST)), f"a horizon lies above 0, up to {HORIZON_AT_MOST:g} years"),
        (~_on_scale(fitted, asked), "the threshold lies below the floor, or not on the scale"),
    ):
        if wrong.any():
            raise CannotPredict(f"{THRESHOLD_TASKS} row {tables.row_of(asked, np.asarray(wrong))}: {says}")
    return course


def _on_scale(fitted: Fitted, asked: pd.DataFrame) -> NDArray[np.bool_]:
    scales = [fitted.spec.biomarker(name) for name in asked["biomarker"]]
    lines = asked["threshold"].to_numpy(dtype=np.float64)
    return np.array(
        [each is None or _holds(each.scale, np.array([line])) for each, line in zip(scales, lines, strict=True)],
        dtype=bool,
    )


def _holds(scale: Scale, line: Array) -> bool:
    """Whether a line lies on the scale, and where readings can tell of it: below the floor all are the same."""
    return bool(scale.holds(line)[0]) and not bool(scale.censored(line)[0])


def _answer(
    fitted: Fitted,
    course: JointModel,
    state: Asked,
    row: int,
    name: str,
    threshold: float,
    direction: str,
    horizon: float,
) -> tuple[float, float, float, str]:
    biomarker, signal = fitted.spec.biomarker(name), course.keys.index(name)
    assert biomarker is not None  # the model follows it
    years = np.linspace(0.0, horizon, max(int(np.ceil(horizon * _STEPS_A_YEAR)), 1) + 1)
    levels = futures(course, state, row, years, is_lasting=True)[:, :, signal]
    line = biomarker.scale.working(np.array([threshold], dtype=np.float64))
    by_then = passed(levels, line, above=direction == ABOVE)
    half = reaches(by_then, years, _HALF)
    parts = drivers(course, state, row, signal, horizon)[:_NAMED]
    told = "; ".join(f"{each.name} {each.amount:+.3g}" for each in parts)
    return float(by_then[0]), float(by_then[-1]), np.nan if isinstance(half, Absent) else half, told

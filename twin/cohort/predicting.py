"""Answer task files with a fitted model: the risk of each row, and the quantiles of each forecast."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twin.cohort import replaying, tables
from twin.cohort.course import readings
from twin.cohort.errors import CannotPredict
from twin.cohort.fitted import Fitted, risks
from twin.cohort.tables import Cohort
from twin.cohort.thresholds import COLUMNS as THRESHOLD_COLUMNS
from twin.cohort.thresholds import NUMBERS as THRESHOLD_NUMBERS
from twin.cohort.thresholds import THRESHOLD_TASKS, predict_thresholds
from twin.forecast.hazards.model import BeyondHorizon
from twin.forecast.joint.filter import states_at
from twin.forecast.joint.predict import quantiles

Array = NDArray[np.float64]

LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
_MEAN_LEVELS = np.linspace(0.005, 0.995, 100)  # the mean is that of the quantiles between them
RISK_TASKS, FORECAST_TASKS = "tasks_risk.csv", "tasks_forecast.csv"
_ROWS_AT_ONCE = 20_000  # bounds the memory of the joint states


def predict_risks(fitted: Fitted, cohort: Cohort, asked: pd.DataFrame) -> pd.DataFrame:
    """Return the rows asked (patient_id, landmark_time, horizon) with risk, and its 95 % interval `low` to `high`.

    Raises:
        BadTable: a patient the cohort has not. BeyondHorizon: further ahead than the model was fitted for.
    """
    if asked.empty:
        return asked[["patient_id", "landmark_time", "horizon"]].assign(risk=[], low=[], high=[])
    patient = cohort.index_of(asked, RISK_TASKS)
    at = asked["landmark_time"].to_numpy(dtype=np.float64)
    horizons, last = asked["horizon"].to_numpy(dtype=np.float64), max(fitted.spec.horizons)
    beyond = ~((horizons > 0) & (horizons <= last))
    if beyond.any():
        place = f"{RISK_TASKS} row {tables.row_of(asked, beyond)}"
        raise BeyondHorizon(f"{place}: a horizon lies above 0 and within the {last:g} years the model was fitted for")
    wanted, column = np.unique(horizons, return_inverse=True)
    pairs, row = np.unique(np.stack((patient.astype(np.float64), at), axis=1), axis=0, return_inverse=True)
    found = risks(fitted, cohort, pairs[:, 0].astype(np.int64), pairs[:, 1], wanted.tolist())
    row = row.ravel()
    out = asked[["patient_id", "landmark_time", "horizon"]].copy()
    out["risk"] = np.clip(found.value[row, column], 0.0, 1.0)
    out["low"], out["high"] = found.low[row, column], found.high[row, column]
    return out


def predict_readings(fitted: Fitted, cohort: Cohort, asked: pd.DataFrame) -> pd.DataFrame:
    """Return the rows asked (patient_id, biomarker, origin_time, target_time) with mean and quantiles of a new reading.

    Raises:
        BadTable: a patient the cohort has not.
        CannotPredict: a biomarker the model does not follow, or a target that is not after its origin.
    """
    course = fitted.course
    out = asked[["patient_id", "biomarker", "origin_time", "target_time"]].copy()
    if len(asked) and course is None:
        raise CannotPredict("the model follows no biomarker")
    names = [f"q{level:g}" for level in LEVELS]
    values = np.full((len(asked), 1 + len(names)), np.nan)
    if course is not None and len(asked):
        years = asked["target_time"].to_numpy(dtype=np.float64) - asked["origin_time"].to_numpy(dtype=np.float64)
        if (years <= 0).any():
            row = tables.row_of(asked, years <= 0)
            raise CannotPredict(f"{FORECAST_TASKS} row {row}: the target is not after its origin")
        patient = cohort.index_of(asked, FORECAST_TASKS)
        at = asked["origin_time"].to_numpy(dtype=np.float64)
        series = readings(cohort, fitted.spec, fitted.middle, course.keys)
        strange = ~asked["biomarker"].isin(course.keys).to_numpy()
        if strange.any():
            row, name = tables.row_of(asked, strange), asked["biomarker"].iloc[int(np.argmax(strange))]
            raise CannotPredict(f"{FORECAST_TASKS} row {row}: the model does not follow {name!r}")
        for name in asked["biomarker"].unique():
            mine = np.flatnonzero(asked["biomarker"].to_numpy() == name)
            for start in range(0, len(mine), _ROWS_AT_ONCE):
                part = mine[start : start + _ROWS_AT_ONCE]
                state = states_at(course, series, patient[part], at[part])
                levels = np.concatenate((_MEAN_LEVELS, LEVELS))
                order = np.argsort(levels)
                found = np.empty((len(part), len(levels)))
                found[:, order] = quantiles(course, state, course.keys.index(name), years[part], levels[order])
                values[part, 0] = found[:, : len(_MEAN_LEVELS)].mean(axis=1)
                values[part, 1:] = found[:, len(_MEAN_LEVELS) :]
    out[["mean", *names]] = values
    return out


def predict(fitted: Fitted, data: Path, tasks: Path, out: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Answer `tasks_risk.csv`, `tasks_forecast.csv` and `tasks_threshold.csv` of a folder, as far as they are there.

    Returns the rows written, and what of the data could not be used, by reason.

    Raises:
        CannotPredict: none is there, or a file can't be written. Others as the functions above.
    """
    cohort = tables.read(data, fitted.spec, histories=tasks)
    answered = {}
    if (tasks / RISK_TASKS).is_file():
        asked = tables.tasks(
            tasks / RISK_TASKS, ["patient_id", "landmark_time", "horizon"], ["landmark_time", "horizon"]
        )
        answered["risk"] = predict_risks(fitted, cohort, asked)
    if (tasks / FORECAST_TASKS).is_file():
        asked = tables.tasks(
            tasks / FORECAST_TASKS,
            ["patient_id", "biomarker", "origin_time", "target_time"],
            ["origin_time", "target_time"],
        )
        answered["forecast"] = predict_readings(fitted, cohort, asked)
    if (tasks / THRESHOLD_TASKS).is_file():
        asked = tables.tasks(tasks / THRESHOLD_TASKS, list(THRESHOLD_COLUMNS), list(THRESHOLD_NUMBERS))
        answered["threshold"] = predict_thresholds(fitted, cohort, asked)
    if not answered:
        raise CannotPredict(f"none of {RISK_TASKS}, {FORECAST_TASKS}, {THRESHOLD_TASKS} is in {tasks.name}")
    return {name: _write(table, out / f"{name}.csv") for name, table in answered.items()}, cohort.left_out


def replay(fitted: Fitted, data: Path, out: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Write the score of every visit, from what lies at or before it; returns as `predict`.

    The score is what an alert would add (`replaying`): the calibrated risk within the specification's replay horizon,
    less what alerts at earlier visits told of.

    Raises:
        BadTable, CannotPredict: as they say.
    """
    cohort = tables.read(data, fitted.spec)
    patient, at = cohort.visits.patient, cohort.visits.time
    horizon = fitted.spec.replay_horizon
    found = risks(fitted, cohort, patient, at, replaying.ahead(horizon).tolist(), has_interval=False)
    score = replaying.scores(patient, at, found.value, horizon)
    table = pd.DataFrame({"patient_id": cohort.ids[patient], "time": at, "score": score})
    return {"replay": _write(table, out)}, cohort.left_out


def _write(table: pd.DataFrame, path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False, float_format="%.8g")
    except OSError as error:
        raise CannotPredict(f"{path.name} cannot be written: {error.strerror}") from error
    return len(table)

"""What a model said of this site's patients, and what became of them, as arrays that can be judged.

Times are years since 2000. Who had the event before a prediction, or was never seen after it, says nothing of it and is
left out. A patient is free of the event until the last contact: who goes elsewhere with it looks well here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Connection

from twin.forecast.evaluate.rows import Array, Outcomes, Predictions
from twin.record.codes.concepts import known_concepts, with_broader
from twin.record.timeline import DAYS_PER_YEAR
from twin.store import predictions
from twin.store.models import Registered
from twin.store.predictions import Course, Said

RECENT = timedelta(days=183)  # house value: half a year shows the patients of now, in a clinic they visit once or twice
_START = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgeable:
    """Predictions with their outcomes; `left_out` counts those that say nothing."""

    predictions: Predictions
    outcomes: Outcomes
    left_out: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Recent:
    """The newest thing said of each patient lately, and the inputs (N,) by key, one row a patient, NaN missing."""

    predictions: Predictions
    inputs: Mapping[str, Array]


def judgeable(connection: Connection, model: Registered, *, within: timedelta, now: datetime) -> Judgeable:
    """Return what the model said whose horizon passed within this time before `now`."""
    horizons = [float(each["horizon"]) for each in model.card["risks"]]
    said = [
        each
        for horizon in horizons
        for each in predictions.said_by(
            connection,
            model.id,
            since=now - within - _years(horizon),
            until=now - _years(horizon),
            horizon=horizon,
        )
    ]
    courses = predictions.courses(
        connection,
        sorted({each.patient_id for each in said}),
        event=_stated_by(model.card["endpoint"]),
        competing=_stated_by(model.card["competing"]),
        now=now,
    )
    ends = {patient_id: _end(course) for patient_id, course in courses.items()}
    kept = [each for each in said if each.patient_id in ends and ends[each.patient_id][0] > each.landmark]
    people = sorted({each.patient_id for each in kept})
    outcomes = Outcomes(
        patient=np.array(people, dtype=np.str_),
        time=np.array([_year(ends[each][0]) for each in people], dtype=np.float64),
        status=np.array([ends[each][1] for each in people], dtype=np.int64),
    )
    return Judgeable(predictions=_rows(kept), outcomes=outcomes, left_out=len(said) - len(kept))


def recent(connection: Connection, model: Registered, *, now: datetime) -> Recent:
    """Return the newest thing the model said of each patient at each horizon in the last half year."""
    newest: dict[tuple[str, float], Said] = {}
    for each in predictions.said_by(connection, model.id, since=now - RECENT):
        newest[each.patient_id, each.horizon] = each  # the oldest come first
    last = {patient_id: each for (patient_id, _), each in newest.items()}
    return Recent(
        predictions=_rows(list(newest.values())),
        inputs={
            item["key"]: np.array([_number(each.inputs.get(item["key"])) for each in last.values()], dtype=np.float64)
            for item in model.card["inputs"]
        },
    )


def _rows(said: Sequence[Said]) -> Predictions:
    return Predictions(
        patient=np.array([each.patient_id for each in said], dtype=np.str_),
        landmark=np.array([_year(each.landmark) for each in said], dtype=np.float64),
        horizon=np.array([each.horizon for each in said], dtype=np.float64),
        risk=np.array([each.risk for each in said], dtype=np.float64),
    )


def _end(course: Course) -> tuple[datetime, int]:
    """When and how a patient's course ended: 1 the event, 2 a competing one, 0 last seen without either."""
    ends = [(course.event_at, 1), (course.competing_at, 2)]
    met = [(at, status) for at, status in ends if at is not None]
    return min(met) if met else (course.last_contact, 0)


def _stated_by(endpoint: Mapping[str, Any] | None) -> tuple[Sequence[str], bool]:
    """The concepts that state an endpoint of a card, the narrower ones too, and whether death does."""
    if endpoint is None:
        return (), False
    asked = set(endpoint["concepts"])
    narrower = {each for each in known_concepts() if asked & set(with_broader(each))}
    return sorted(asked | narrower), bool(endpoint["is_death"])


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _year(at: datetime) -> float:
    return (at - _START).total_seconds() / 86_400 / DAYS_PER_YEAR


def _years(count: float) -> timedelta:
    return timedelta(days=count * DAYS_PER_YEAR)

"""A site's own record as a cohort: the same tables, for a fit on local patients, and of one patient, to serve a model.

Time zero is a patient's first usable reading of a biomarker of the specification; a visit is a moment with one.
A reading or diagnosis counts from when it was known, if that is later than when it was true: in a fit as in serving.

Nobody is watched for ever after the last contact, and the dead not longer than the living: otherwise whoever was not
seen for a while would seem to be about to die, for only a death could make a record of that while.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from twin.cohort.errors import BadSpec
from twin.cohort.spec import Spec
from twin.cohort.tables import Cohort, Column
from twin.forecast.gate import read as read_criteria
from twin.forecast.gate import why_not
from twin.record.fact import Absent
from twin.record.holding import since, spells
from twin.record.signal import signal
from twin.record.timeline import DAYS_PER_YEAR, Timeline
from twin.record.units import from_canonical

NO_READING = "no reading of any biomarker"
WATCHED_FOR = 1.0  # years after a contact in which a death or diagnosis would have reached this record (house value)
_SOURCES = ("age", "male")
_SECONDS_PER_YEAR = DAYS_PER_YEAR * 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One patient's rows: baseline by column; readings (years, column, value); diagnoses (years, concept).

    `end` is the time of the event, of what competes with it, or until which the patient was watched: `WATCHED_FOR`
    after the last contact; `status` 1, 2 or 0. What happened to somebody no longer watched was not seen to happen.
    """

    id: str
    baseline: dict[str, float]
    readings: tuple[tuple[float, str, float], ...]
    diagnoses: tuple[tuple[float, str], ...]
    end: float
    status: int


def check(spec: Spec) -> None:
    """Refuse a specification that a record can't be read by.

    Raises:
        BadSpec: a column without its place in the record.
    """
    homeless = next((each.column for each in spec.biomarkers if each.signal is None), None)
    if homeless is not None:
        raise BadSpec(f"biomarkers.{homeless}: a signal is needed to read a record")
    if spec.states:
        raise BadSpec(f"states.{spec.states[0]}: a record is read by biomarkers and diagnoses only")
    strange = next((each for each in spec.baseline if each.source not in _SOURCES), None)
    if strange is not None:
        raise BadSpec(f'baseline.{strange.column}: from = "age" or "male" is needed to read a record')
    for each in spec.biomarkers:
        measured = signal(each.signal or "")
        if each.unit is not None and each.unit not in measured.conversions:
            raise BadSpec(f"biomarkers.{each.column}: {each.unit!r} is no unit of {each.signal}")


def members(spec: Spec, timelines: Iterable[Timeline]) -> Iterator[Member | Absent]:
    """Return each patient's rows, or why the patient is no member of the cohort.

    Raises:
        BadSpec: the endpoint has no place in the record.
    """
    if not spec.concepts and not spec.is_death:
        raise BadSpec("endpoint: concepts or death = true is needed to read a record")
    for timeline in timelines:
        yield _member(spec, timeline)


def cohort_of_one(spec: Spec, timeline: Timeline, at: datetime) -> tuple[Cohort, float] | Absent:
    """Return one patient as a cohort, from what lies at or before `at`, and `at` in years since time zero."""
    readings = [each for each in _readings(spec, timeline) if each[0] <= at]
    if not readings:
        return Absent(reason="missing_input", detail=NO_READING)
    zero = readings[0][0]
    names = [each.column for each in spec.biomarkers]
    columns = {name: _column([(when, value) for when, column, value in readings if column == name], zero)
               for name in names}  # fmt: skip
    days = sorted({_years(when, zero) for when, _, _ in readings})
    diagnosed = dict.fromkeys(spec.diagnoses, np.full(1, np.inf))
    for when, name in _diagnoses(spec, timeline):
        if when <= at:
            diagnosed[name] = np.minimum(diagnosed[name], _years(when, zero))
    baseline = _baseline(spec, timeline, zero)
    return (
        Cohort(
            ids=np.array([timeline.patient.id], dtype=object),
            baseline={name: np.array([value]) for name, value in baseline.items()},
            visits=Column(patient=np.zeros(len(days), np.int64), time=np.array(days), value=np.zeros(len(days))),
            columns=columns,
            diagnoses=diagnosed,
            left_out={},
        ),
        _years(at, zero),
    )


def _member(spec: Spec, timeline: Timeline) -> Member | Absent:
    readings = list(_readings(spec, timeline))
    if not readings:
        return Absent(reason="missing_input", detail=NO_READING)
    zero = readings[0][0]
    if spec.card.serves:
        outside = why_not(read_criteria(spec.card.serves), timeline, zero)
        if outside is not None:
            return Absent(reason="outside_population", detail=outside.en)
    happened = [when for key in spec.concepts if (when := since(timeline, key)) is not None]
    died = timeline.died_at
    ends = [(when, 1) for when in happened]
    if died is not None:
        ends.append((died, 1 if spec.is_death else 2))
    end, status = min(ends, default=(timeline.as_of, 0))
    contacts = (fact.observed_at for fact in timeline.facts if fact.observed_at < end)
    watched = max(contacts, default=zero) + timedelta(days=WATCHED_FOR * DAYS_PER_YEAR)
    if watched < end:
        end, status = watched, 0
    return Member(
        id=timeline.patient.id,
        baseline=_baseline(spec, timeline, zero),
        readings=tuple((_years(when, zero), name, value) for when, name, value in readings),
        diagnoses=tuple((_years(when, zero), name) for when, name in _diagnoses(spec, timeline)),
        end=_years(end, zero),
        status=status,
    )


def _readings(spec: Spec, timeline: Timeline) -> list[tuple[datetime, str, float]]:
    """(when, column, value in its unit), oldest first; what the specification holds for impossible is left out."""
    found = []
    for each in spec.biomarkers:
        measured = signal(each.signal or "")
        for fact in timeline.series(each.signal or ""):
            if fact.derived.value is None or fact.observed_at > timeline.as_of:
                continue
            value = fact.derived.value
            value = value if each.unit is None else from_canonical(value, each.unit, measured)
            if each.plausible[0] <= value <= each.plausible[1] and each.scale.holds(np.array([value]))[0]:
                found.append((max(fact.observed_at, fact.known_at), each.column, value))
    return sorted(found)


def _diagnoses(spec: Spec, timeline: Timeline) -> list[tuple[datetime, str]]:
    found = []
    for name in spec.diagnoses:
        known = [max(spell.start, spell.fact.known_at) for spell in spells(timeline, name)]
        if known:
            found.append((min(known), name))
    return found


def _baseline(spec: Spec, timeline: Timeline, zero: datetime) -> dict[str, float]:
    age = timeline.age(zero)
    values = {
        "age": age if isinstance(age, float) else float("nan"),
        "male": {"male": 1.0, "female": 0.0}.get(timeline.patient.sex, float("nan")),
    }
    return {each.column: values[each.source or ""] for each in spec.baseline}


def _column(readings: list[tuple[datetime, float]], zero: datetime) -> Column:
    return Column(
        patient=np.zeros(len(readings), dtype=np.int64),
        time=np.array([_years(when, zero) for when, _ in readings], dtype=np.float64),
        value=np.array([value for _, value in readings], dtype=np.float64),
    )


def _years(when: datetime, zero: datetime) -> float:
    """Years since time zero, to the ten-thousandth that tables hold."""
    return round((when - zero).total_seconds() / _SECONDS_PER_YEAR, 4)

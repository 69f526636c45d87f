"""Forecasts against patients the model did not make: `twin.synth` draws courses without wander and knows the truth."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.unit.forecast.timelines import fact
from twin import synth
from twin.record.timeline import Patient, Timeline
from twin.snapshot import Snapshot, build

UNTIL = date(2026, 11, 22)
LIVERS = ("fatty_liver", "fibrosis_slow", "fibrosis_fast", "multi")
LINE = 2.67  # FIB-4, rule FIB4-VHI


def _snapshot(patient: synth.SyntheticPatient) -> Snapshot:
    readings = [(visit.at, item) for visit in patient.visits for item in visit.readings if not item.is_below_limit]
    facts = [fact(number, item.signal, at, item.value) for number, (at, item) in enumerate(readings, start=1)]
    facts += [
        fact(100_000 + number, item.concept, item.recorded_at, kind="condition")
        for number, item in enumerate(patient.problems)
    ]
    who = Patient(id=patient.id, name="", sex=patient.sex, birth_date=patient.birth_date)
    as_of = datetime.combine(UNTIL, datetime.min.time(), tzinfo=UTC)
    ordered = tuple(sorted(facts, key=lambda item: (item.observed_at, item.id)))
    return build(Timeline(patient=who, as_of=as_of, facts=ordered), now=as_of)


@pytest.fixture(scope="module")
def livers() -> list[tuple[synth.SyntheticPatient, Snapshot]]:
    cohort = synth.cohort(200, seed=5, until=UNTIL)
    return [(patient, _snapshot(patient)) for patient in cohort if patient.course in LIVERS]


def test_those_who_will_pass_the_line_within_a_year_are_told_from_those_who_will_not(
    livers: list[tuple[synth.SyntheticPatient, Snapshot]],
) -> None:
    passing, staying = [], []
    for patient, snapshot in livers:
        crossing = next(item for item in snapshot.organs[0].crossings if item.key == "fib4>2.67")
        if not crossing.probabilities or crossing.already_past or synth.latent_on(patient, "fib4", UNTIL) > LINE:
            continue
        days = (UNTIL + timedelta(days=number) for number in range(0, 366, 15))
        will = max(synth.latent_on(patient, "fib4", day) for day in days) > LINE
        (passing if will else staying).append(crossing.probabilities[2].p)
    assert len(passing) >= 15
    assert len(staying) >= 15
    assert sum(p >= 0.2 for p in passing) >= 0.9 * len(passing)
    assert sum(p >= 0.2 for p in staying) <= 0.1 * len(staying)


def test_eighty_percent_bands_hold_at_least_that_share_of_truths_that_do_not_wander(
    livers: list[tuple[synth.SyntheticPatient, Snapshot]],
) -> None:
    held = []
    for patient, snapshot in livers:
        for panel in snapshot.organs[0].signals:
            for row in panel.forecast[4::4]:  # one, two and three years ahead
                truth = synth.latent_on(patient, panel.key, row["at"])  # type: ignore[arg-type]
                held.append(row["q10"] <= truth <= row["q90"])
    assert len(held) > 500
    assert sum(held) >= 0.75 * len(held)

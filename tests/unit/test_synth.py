"""Simulated patients: their truth is known, measurements scatter around it, the same seed gives the same people."""

from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest

from twin.errors import UnknownKey
from twin.record.fact import Absent
from twin.record.signal import signal
from twin.record.units import canonical
from twin.synth import cohort, crossing, follow_up, latent, latent_on, next_visit, timeline_values
from twin.synth.assay import ASSAYS
from twin.synth.course import BY_KEY, COURSES, PER_BLOCK
from twin.synth.identity import name
from twin.synth.patient import SyntheticPatient
from twin.synth.truth import Latent

UNTIL = date(2026, 11, 20)


@pytest.fixture(scope="module")
def many() -> tuple[SyntheticPatient, ...]:
    return cohort(200, seed=11, until=UNTIL)


def of_course(patients: tuple[SyntheticPatient, ...], key: str) -> list[SyntheticPatient]:
    return [patient for patient in patients if patient.course == key]


def test_the_same_seed_gives_the_same_patients() -> None:
    assert cohort(7, seed=3, until=UNTIL) == cohort(7, seed=3, until=UNTIL)


def test_another_seed_gives_other_patients() -> None:
    assert cohort(1, seed=3, until=UNTIL)[0].visits != cohort(1, seed=4, until=UNTIL)[0].visits


def test_a_patient_is_the_same_in_a_cohort_of_any_size(many: tuple[SyntheticPatient, ...]) -> None:
    assert cohort(60, seed=11, until=UNTIL)[-1] == many[59]


def test_a_cohort_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        cohort(0, seed=1, until=UNTIL)


def test_every_fifty_patients_hold_each_course_as_often_as_it_says(many: tuple[SyntheticPatient, ...]) -> None:
    wanted = {course.key: course.per_fifty for course in COURSES}
    assert PER_BLOCK == 50
    assert Counter(patient.course for patient in many[50:100]) == wanted


@pytest.mark.parametrize("key", [course.key for course in COURSES if course.aim])
def test_the_truth_passes_its_aim_when_the_course_says(many: tuple[SyntheticPatient, ...], key: str) -> None:
    aim = BY_KEY[key].aim
    assert aim is not None
    slack = timedelta(days=20)  # crossings are found to the week, months are twelfths of a year
    for patient in of_course(many, key):
        day = crossing(patient, aim.key, aim.threshold)
        assert day is not None
        first, last = (UNTIL + timedelta(days=months * 365.25 / 12) for months in aim.months)
        assert first - slack <= day <= last + slack


def test_a_quarter_to_a_third_have_something_to_recall(many: tuple[SyntheticPatient, ...]) -> None:
    """By the lines of the liver and the vessels whose rules are on unless switched off."""
    in_a_year = UNTIL + timedelta(days=365)

    def passes_soon(patient: SyntheticPatient) -> bool:
        has = {problem.concept for problem in patient.problems}
        return (
            (latent_on(patient, "fib4", in_a_year) > 2.67 and bool(has & {"fatty_liver", "diabetes"}))
            or (latent_on(patient, "hba1c", in_a_year) >= 6.5 and "diabetes" not in has)
            or (latent_on(patient, "ldl_c", in_a_year) >= 1.4 and "ascvd" in has)
            or latent_on(patient, "kfre4", in_a_year) >= 0.03
        )

    assert 0.25 <= np.mean([passes_soon(patient) for patient in many]) <= 0.33


@pytest.mark.parametrize("key", ["alt", "platelets", "creatinine", "hba1c", "triglycerides"])
def test_measurements_scatter_by_the_variation_of_the_signal_table(
    many: tuple[SyntheticPatient, ...], key: str
) -> None:
    pairs = np.array([pair[1:] for patient in many for pair in timeline_values(patient, key)])
    known = signal(key)
    expected = np.hypot(known.cvi_percent or 0, known.cva_percent or 0) / 100
    found = np.log(pairs[:, 0] / pairs[:, 1])
    assert found.std() == pytest.approx(expected, rel=0.08)  # rounding adds a little
    assert abs(found.mean()) < expected / 10


def test_a_single_office_pressure_scatters_by_a_tenth(many: tuple[SyntheticPatient, ...]) -> None:
    pairs = np.array([pair[1:] for patient in many for pair in timeline_values(patient, "sbp")])
    assert 0.08 <= (pairs[:, 0] / pairs[:, 1]).std() <= 0.10  # signals.csv: a single office reading varies by 8-10 %


def test_no_measurement_is_implausible(many: tuple[SyntheticPatient, ...]) -> None:
    readings = [reading for patient in many for visit in patient.visits for reading in visit.readings]
    odd = [
        each
        for each in readings
        if isinstance(canonical(each.value, signal(each.signal).unit, signal(each.signal)), Absent)
    ]
    assert odd == []


def test_visits_are_denser_once_a_patient_is_ill(many: tuple[SyntheticPatient, ...]) -> None:
    turn = UNTIL - timedelta(days=4 * 365)
    late, early = (
        sum(
            (visit.at.date() > turn) is is_late
            for patient in of_course(many, "fibrosis_fast")
            for visit in patient.visits
        )
        for is_late in (True, False)
    )
    assert late / 4 > 1.5 * early / 6


def test_some_checkups_are_missed(many: tuple[SyntheticPatient, ...]) -> None:
    healthy = of_course(many, "healthy")
    years_seen = [len({visit.at.year for visit in patient.visits}) for patient in healthy]
    assert 6.5 < np.mean(years_seen) < 10


def test_treatment_brings_alt_of_hepatitis_b_down(many: tuple[SyntheticPatient, ...]) -> None:
    for patient in of_course(many, "hepatitis_b_treated"):
        assert latent_on(patient, "alt", UNTIL) < latent_on(patient, "alt", patient.start) / 3
        assert [taken.key for taken in patient.medicines if taken.stop is None] == ["entecavir"]


def test_a_diagnosis_is_written_down_at_a_visit_not_before_it_began(many: tuple[SyntheticPatient, ...]) -> None:
    for patient in many:
        for problem in patient.problems:
            assert problem.onset <= problem.recorded_at.date()
            assert problem.recorded_at in {visit.at for visit in patient.visits}


def test_some_results_are_released_late_and_some_corrected(many: tuple[SyntheticPatient, ...]) -> None:
    delays = [visit.issued_at - visit.at for patient in many for visit in patient.visits]
    assert 0.01 < np.mean([delay > timedelta(days=10) for delay in delays]) < 0.06
    assert sum(patient.correction is not None for patient in many) > 5
    assert min(delays) > timedelta(0)


def test_both_laboratories_and_a_comparator_occur(many: tuple[SyntheticPatient, ...]) -> None:
    readings = [reading for patient in many for visit in patient.visits for reading in visit.readings]
    units = {reading.unit for reading in readings if reading.signal in ("creatinine", "platelets")}
    assert units == {"umol/L", "mg/dL", "10*9/L", "K/uL"}
    assert any(reading.is_below_limit for reading in readings)
    assert any(reading.code is None for reading in readings)


def test_cholesterol_is_the_sum_of_its_parts(many: tuple[SyntheticPatient, ...]) -> None:
    parts = {key: latent_on(many[0], key, UNTIL) for key in ("ldl_c", "hdl_c", "triglycerides", "total_cholesterol")}
    assert parts["total_cholesterol"] == pytest.approx(
        parts["ldl_c"] + parts["hdl_c"] + parts["triglycerides"] / 2.2, rel=1e-12
    )


def test_the_truth_of_every_score_the_cohort_can_feed_is_known(many: tuple[SyntheticPatient, ...]) -> None:
    patient = of_course(many, "multi")[0]
    for key in ("fib4", "ckdepi.cr_2021", "prevent.total_cvd", "china_par", "meld3", "albi", "bmi"):
        assert np.isfinite(latent_on(patient, key, UNTIL)), key


def test_an_unknown_signal_has_no_truth(many: tuple[SyntheticPatient, ...]) -> None:
    with pytest.raises(UnknownKey):
        latent(many[0], "agatston", 0.0)


def test_a_crossing_that_never_comes_is_none(many: tuple[SyntheticPatient, ...]) -> None:
    assert crossing(many[0], "sbp", 400.0) is None


def test_a_falling_value_crosses_downwards(many: tuple[SyntheticPatient, ...]) -> None:
    patient = of_course(many, "kidney_decline")[0]
    day = crossing(patient, "egfr", 60.0, rising=False)
    assert day is not None
    assert latent_on(patient, "egfr", day + timedelta(days=7)) < 60


def test_a_latent_bends_where_the_illness_begins_and_steps_where_treatment_takes_hold() -> None:
    course = Latent(
        signal="sbp", scale="linear", origin=UNTIL, level=120, slope=0, begins=2, rise=5, rises_until=4,
        treatment=4, treated=-12, takes=0.5,
    )  # fmt: skip
    assert course.at([0, 2, 3, 4, 4.25, 4.5, 9]).tolist() == [120, 120, 125, 130, 124, 118, 118]
    assert [course.slope_at(t) for t in (1, 3, 4.1, 6)] == [0, 5, -24, 0]


def test_the_next_visit_measures_everything_and_is_the_same_each_time(many: tuple[SyntheticPatient, ...]) -> None:
    day = UNTIL + timedelta(days=40)
    visit = next_visit(many[3], day)
    assert {reading.signal for reading in visit.readings} >= {assay.signal for assay in ASSAYS}
    assert visit == next_visit(many[3], day)


def test_a_follow_up_before_the_end_of_the_history_is_refused(many: tuple[SyntheticPatient, ...]) -> None:
    with pytest.raises(ValueError, match="not after the end"):
        follow_up(many[0], UNTIL)


def test_names_say_that_nobody_is_meant() -> None:
    samples = ("示例", "样本", "模拟", "虚构", "演示", "测试", "假设", "试验")
    surnames = ("Demoson", "Exampleby", "Fictus", "Mockford", "Sampleton", "Simulanti", "Specimen", "Testwell")
    for number in range(200):
        assert name(number, 0.1).text.endswith(samples)
        assert name(number, 0.9).text.endswith(surnames)

"""How often is a stable patient called worse, and a real change found? Every signal with known variation, and scores.

python bench/slow/change_verdicts.py [PATIENTS]

A patient's true level stands still; each value scatters by the noise the verdict assumes (Student t with 5 degrees of
freedom of the same variance in the last columns: heavier tails than assumed). Eight visits half a year apart; a change
of 1.5 times the limit comes with the fifth. Worse: beyond the limit on one side, the one on which more verdicts err.

Two denominators: of verdicts (the first value has none, so there are seven a patient), and of patients: those who are
called worse at least once in the eight visits. The second is several times the first: who is looked at often enough is
called worse some day. Scores are judged as the page judges them, on inputs that scatter so; a change is made in
signals only.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import sqrt

import numpy as np

from twin.forecast.change import Reading, judge
from twin.forecast.change_limit import Limit, Spread, Z, limits
from twin.forecast.futures import Futures
from twin.forecast.motion import motions
from twin.forecast.score_course import score_course
from twin.forecast.score_panel import score_panel
from twin.organs import ORGANS
from twin.record.fact import Coding, Derived, Fact, Source
from twin.record.signal import signals
from twin.record.timeline import Patient, Timeline
from twin.scores import score

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
HALF_YEAR = timedelta(days=182)
VISITS, BEFORE = 8, 4
TYPICAL = {"agatston": 150.0, "coronary_calcium_volume": 130.0, "nodule_volume": 110.0, "nodule_mean_diameter": 7.0}
SCORES = {
    "fib4": ("platelets", "alt", "ast"), "apri": ("platelets", "ast"), "albi": ("bilirubin_total", "albumin"),
    "meld3": ("bilirubin_total", "inr", "creatinine", "sodium", "albumin"), "ckdepi": ("creatinine",),
    "kfre4": ("creatinine", "urine_acr"), "map_pp": ("sbp", "dbp"), "tyg": ("triglycerides", "glucose_fasting"),
}  # fmt: skip
LEVELS = {
    "kfre4": {"creatinine": 160.0, "urine_acr": 150.0},
    "meld3": {"bilirubin_total": 40.0, "inr": 1.5, "creatinine": 110.0, "sodium": 133.0, "albumin": 31.0},
}


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print(
        "| signal | form | false worsening, of verdicts | of patients, ever | any false change, of verdicts "
        "| found at once | in two visits | t5: false worsening, of verdicts |"
    )
    print("|---|---|---|---|---|---|---|---|")
    worst, ever, first, least = 0.0, 0.0, 1.0, 1.0
    for key, limit in sorted(limits().items()):
        if limit.form == "stated":
            continue
        level = TYPICAL.get(key, motions()[key].typical if key in motions() else 50.0)
        told = _false(limit, level, patients, heavy=False)
        at_once, soon = _found(limit, level, patients)
        heavy = _false(limit, level, patients, heavy=True)
        worst, ever = max(worst, told.worse), max(ever, told.ever_worse)
        first, least = min(first, at_once), min(least, soon)
        print(
            f"| {key} | {limit.form} | {told.worse:.1%} | {told.ever_worse:.0%} | {told.changed:.1%} "
            f"| {at_once:.0%} | {soon:.0%} | {heavy.worse:.1%} |"
        )
    print(f"\nlargest share of false worsening: {worst:.1%} of verdicts, {ever:.0%} of patients at least once")
    print(f"least share found: {first:.0%} at once, {least:.0%} within two visits\n")
    print("| score | false worsening, of verdicts | of patients, ever | any false change, of verdicts | verdicts |")
    print("|---|---|---|---|---|")
    for key, inputs in SCORES.items():
        told = _score(key, inputs, max(patients // 20, 20))
        print(f"| {key} | {told.worse:.1%} | {told.ever_worse:.0%} | {told.changed:.1%} | {told.verdicts} |")


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What stable patients were told: shares of verdicts, and of patients who were called worse at least once."""

    worse: float
    ever_worse: float
    changed: float
    verdicts: int


def _told(courses: list[list[int]]) -> Told:
    """From the verdicts of each patient: +1 and -1 for a change to either side, 0 for none; of each side, the worse."""
    verdicts = sum(len(course) for course in courses)
    up, down = (sum(course.count(side) for course in courses) for side in (1, -1))
    ever = max(sum(side in course for course in courses) for side in (1, -1))
    return Told(
        worse=max(up, down) / verdicts,
        ever_worse=ever / len(courses),
        changed=(up + down) / verdicts,
        verdicts=verdicts,
    )


def _side(is_changed: bool, value: float, level: float) -> int:
    return 0 if not is_changed else 1 if value > level else -1


def _courses(limit: Limit, level: float, patients: int, step: float, *, heavy: bool) -> Iterator[list[Reading]]:
    spread = limit.spread(level, level)
    assert isinstance(spread, Spread)
    generator = np.random.default_rng(7)
    shape = (patients, VISITS)
    noise = generator.standard_t(5, shape) * sqrt(3 / 5) if heavy else generator.standard_normal(shape)
    noise = noise * spread.sd
    noise[:, BEFORE:] += step * Z * spread.sd * sqrt(1 + 1 / BEFORE)
    values = level * np.exp(noise) if spread.is_log else level + noise
    for row in values:
        yield [Reading(at=FIRST + i * HALF_YEAR, value=max(float(value), 1e-9)) for i, value in enumerate(row)]


def _false(limit: Limit, level: float, patients: int, *, heavy: bool) -> Told:
    return _told(
        [
            [
                _side(one.verdict == "changed", reading.value, one.level)
                for reading, one in zip(readings, judge(readings, limit), strict=True)
                if one is not None and one.level is not None
            ]
            for readings in _courses(limit, level, patients, 0.0, heavy=heavy)
        ]
    )


def _found(limit: Limit, level: float, patients: int) -> tuple[float, float]:
    once = soon = 0
    for readings in _courses(limit, level, patients, 1.5, heavy=False):
        said = [one is not None and one.verdict == "changed" for one in judge(readings, limit)[BEFORE : BEFORE + 2]]
        once, soon = once + said[0], soon + any(said)
    return once / patients, soon / patients


def _score(key: str, inputs: tuple[str, ...], patients: int) -> Told:
    """Stable patients through a score: its inputs scatter, and the verdict is on the score."""
    generator = np.random.default_rng(8)
    declared = next(item for organ in ORGANS for item in organ.scores if item.key == key)
    courses = []
    for _ in range(patients):
        known = _timeline(key, inputs, generator)
        futures = Futures(start=known.as_of, age=60.0, followed={})
        panel = score_panel(declared, score_course(score(key), known, futures, {}), known, {})
        courses.append(
            [
                _side(point.change == "changed", point.value, level)
                for point in panel.history
                if isinstance(level := (point.judged or {}).get("level"), float)
            ]
        )
    return _told(courses)


def _timeline(key: str, inputs: tuple[str, ...], generator: np.random.Generator) -> Timeline:
    facts, number = [], 0
    for name in inputs:
        motion = motions()[name]
        level = motion.working(LEVELS.get(key, {}).get(name, motion.typical))
        assert level is not None
        for visit in range(VISITS):
            value = motion.canonical(level + sqrt(motion.noise(motion.typical)) * float(generator.standard_normal()))
            number += 1
            facts.append(_fact(number, name, FIRST + visit * HALF_YEAR, value))
    person = Patient(id="p", name="p", sex="female", birth_date=date(1962, 3, 1))
    ordered = tuple(sorted(facts, key=lambda fact: (fact.observed_at, fact.id)))
    return Timeline(patient=person, as_of=FIRST + VISITS * HALF_YEAR, facts=ordered)


def _fact(number: int, key: str, at: datetime, value: float) -> Fact:
    return Fact(
        id=number, patient_id="p", kind="observation", coding=Coding(system="urn:bench", code=key), value_kind="number",
        value=repr(value), value_coding=None, comparator=None, unit=signals()[key].unit, observed_at=at, ended_at=None,
        known_at=at, known_basis="issued", recorded_at=at, superseded_at=None,
        source=Source(import_id=None, file_hash="", where="", resource=""), device=None, sd=None, status="final",
        derived=Derived(signal=key, value=value, code=None, quality="ok", mapping_version="bench"),
    )  # fmt: skip


if __name__ == "__main__":
    main()

"""Which simulated patients does a seed give, with everything the hospital saw of them?"""

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType

import numpy as np

from twin.synth.assay import ASSAYS
from twin.synth.course import COURSES, PER_BLOCK, Course, Onset
from twin.synth.draw import Block, draw, observe
from twin.synth.identity import name, uuid
from twin.synth.oracle import latent
from twin.synth.patient import Correction, Medicine, Problem, Smoking, SyntheticPatient, Visit
from twin.synth.printer import CONVENTIONAL_SHARE, Printer
from twin.synth.truth import Latent, day_after, years_between

ZONE = timezone(timedelta(hours=8))  # the simulated hospital's clock
_OPENS = time(8, 0)
_LABORATORY = timedelta(hours=5)  # from the sample to the release
# House shares: visits at the other laboratory, patients with a corrected result, results released late
_ELSEWHERE_SHARE, _CORRECTED_SHARE, _LATE_SHARE = 0.08, 0.08, 0.03
_LATE_DAYS = 30
_STEPS = np.arange(0.0, 40.0, 1 / 52)


def cohort(count: int, *, seed: int, years: int = 10, until: date) -> tuple[SyntheticPatient, ...]:
    """Return `count` patients whose history of `years` ends at `until`.

    The same seed, years and until give the same patients, and patient n is the same in a cohort of any size.

    Raises:
        ValueError: `count` or `years` is below 1.
    """
    if count < 1 or years < 1:
        raise ValueError(f"count {count} and years {years} must be at least 1")
    blocks = (draw(number, seed=seed, years=years) for number in range(-(-count // PER_BLOCK)))
    found = []
    for number, block in enumerate(blocks):
        for row in range(min(PER_BLOCK, count - number * PER_BLOCK)):
            found.append(_patient(block, row, number * PER_BLOCK + row, seed, until))
    return tuple(found)


def visit_at(patient: SyntheticPatient, at: datetime, spawn: int) -> Visit:
    """Return a visit at any later time on which everything is measured; `spawn` numbers the noise."""
    years = years_between(patient.start, at.date())
    scaled = np.array([_scaled(patient.truth[assay.signal], years) for assay in ASSAYS])
    rng = np.random.default_rng(np.random.SeedSequence(entropy=patient.seed, spawn_key=(patient.number, spawn)))
    every = np.ones(len(ASSAYS), dtype=bool)
    age = years_between(patient.birth_date, at.date())
    printer = Printer(is_conventional=patient.is_conventional, is_male=patient.sex == "male", age=age)
    readings = printer.readings(every, observe(scaled, rng))
    return Visit(at=at, issued_at=at + _LABORATORY, is_checkup=False, readings=readings)


def _scaled(course: Latent, years: float) -> float:
    value = float(course.at(years))
    return float(np.log(value)) if course.scale == "log" else value


def _patient(block: Block, row: int, number: int, seed: int, until: date) -> SyntheticPatient:
    course, chance = COURSES[block.course[row]], block.chance[row]
    start = day_after(until, -block.years)
    truth = {assay.signal: _latent(block, row, column, start) for column, assay in enumerate(ASSAYS)}
    smoking = _smoking(bool(block.male[row]), chance[2])
    visits = _visits(block, row, start, until)
    fields = {
        "id": uuid(seed, number),
        "number": number,
        "mrn": f"SYN{number:07d}",
        "name": name(number, chance[0]),
        "sex": "male" if block.male[row] else "female",
        "birth_date": day_after(until, -float(block.age[row])),
        "course": course.key,
        "organ": course.organ,
        "start": start,
        "until": until,
        "truth": MappingProxyType(truth),
        "visits": visits,
        "problems": (),
        "medicines": _medicines(course, start, float(block.treatment[row]), float(chance[8]), block.years),
        "smoking": smoking,
        "pack_years": 0.0 if smoking == "never" else round(2 + 28 * float(chance[3]), 1),
        "has_hbsag": course.hbsag,
        "father_had_infarction": bool(chance[4] < 0.15),
        "is_allergic_to_penicillin": bool(chance[5] < 0.08),
        "correction": _correction(visits, chance[6], chance[7]),
        "is_conventional": bool(chance[1] < CONVENTIONAL_SHARE),
        "seed": seed,
    }
    bare = SyntheticPatient(**fields)
    found = (_problem(bare, onset, float(block.begins[row]), float(block.treatment[row])) for onset in course.onsets)
    problems = tuple(problem for problem in found if problem is not None)
    return SyntheticPatient(**{**fields, "problems": problems})


def _latent(block: Block, row: int, column: int, start: date) -> Latent:
    return Latent(
        signal=ASSAYS[column].signal,
        scale=ASSAYS[column].scale,
        origin=start,
        level=float(block.level[row, column]),
        slope=float(block.slope[row, column]),
        begins=float(block.begins[row]),
        rise=float(block.rise[row, column]),
        rises_until=float(block.rises_until[row, column]),
        treatment=float(block.treatment[row]),
        treated=float(block.treated[row, column]),
        takes=float(block.takes[row]),
    )


def _smoking(is_male: bool, chance: float) -> Smoking:
    # House shares, of the order of adults in China: many men, few women
    never, former = (0.6, 0.78) if is_male else (0.94, 0.97)
    return "never" if chance < never else "former" if chance < former else "current"


def _medicines(course: Course, start: date, treatment: float, chance: float, years: int) -> tuple[Medicine, ...]:
    """The course's own medicines, still taken, and for one patient in five some days of a pain killer long ago."""
    found = [Medicine(key=key, start=day_after(start, treatment), stop=None) for key in course.medicines]
    if chance < 0.2:
        first = day_after(start, 4 * chance * years)
        found.append(Medicine(key="ibuprofen", start=first, stop=first + timedelta(days=10)))
    return tuple(found)


def _problem(patient: SyntheticPatient, onset: Onset, begins: float, treatment: float) -> Problem | None:
    """The condition as the hospital wrote it down at the first visit after it began; None where it never came."""
    if isinstance(onset.at, tuple):
        key, level = onset.at
        values = latent(patient, key, _STEPS)
        past = values < level if key == "egfr" else values >= level
        began = float(_STEPS[int(np.argmax(past))]) if past.any() else np.inf
    else:
        began = {"start": -1.0, "begins": begins, "treated": treatment}[onset.at]
    if not np.isfinite(began):
        return None
    day = day_after(patient.start, began)
    seen = next((visit.at for visit in patient.visits if visit.at.date() >= day), None)
    return None if seen is None else Problem(concept=onset.concept, onset=day, recorded_at=seen)


def _visits(block: Block, row: int, start: date, until: date) -> tuple[Visit, ...]:
    found = []
    is_home_conventional = bool(block.chance[row, 1] < CONVENTIONAL_SHARE)
    for slot in np.flatnonzero(block.attended[row]):
        late, elsewhere, minute = block.luck[row, slot]
        years = float(block.seen_at[row, slot])
        at = datetime.combine(day_after(start, years), _OPENS, ZONE) + timedelta(minutes=int(170 * minute))
        is_late = late < _LATE_SHARE and (until - at.date()).days > 2 * _LATE_DAYS
        printer = Printer(
            is_conventional=is_home_conventional != bool(elsewhere < _ELSEWHERE_SHARE),
            is_male=bool(block.male[row]),
            age=float(block.age[row]) - block.years + years,
        )
        measured = block.measured[row, slot]
        found.append(
            Visit(
                at=at,
                issued_at=at + (timedelta(days=_LATE_DAYS * (1 + minute) / 2) if is_late else _LABORATORY),
                is_checkup=int(measured.sum()) > len(ASSAYS) // 2,
                readings=printer.readings(measured, block.values[row, slot]),
            )
        )
    return tuple(found)


def _correction(visits: tuple[Visit, ...], happens: float, which: float) -> Correction | None:
    """A creatinine that was first sent half as high again, and set right three days later."""
    if happens >= _CORRECTED_SHARE:
        return None
    able = [
        (place, reading)
        for place, visit in enumerate(visits)
        for reading in visit.readings
        if reading.signal == "creatinine"
    ]
    if not able:
        return None
    place, reading = able[int(which * len(able))]
    right = Decimal(reading.text)
    return Correction(
        visit=place,
        signal="creatinine",
        wrong_text=str((right * Decimal("1.5")).quantize(right)),
        corrected_at=visits[place].issued_at + timedelta(days=3),
    )

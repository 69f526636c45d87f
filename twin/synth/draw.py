"""Who are the patients of one block of fifty, what is true of them, when are they seen, and what is measured then?

Everything is drawn in arrays: N patients, V possible visits (one a quarter), S assays. A block always holds fifty
patients whatever the size of the cohort, so that a patient is the same alone or among a hundred thousand.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.record.signal import signal
from twin.scores.fib4 import fib4
from twin.synth.assay import ASSAYS, INDEX
from twin.synth.course import COURSES, PER_BLOCK, Course
from twin.synth.truth import Array, on_scale

Flags = NDArray[np.bool_]
NEVER = np.inf
VISITS_PER_YEAR = 4
_PANELS = tuple(dict.fromkeys(assay.panel for assay in ASSAYS))
_PANEL_OF = np.array([_PANELS.index(assay.panel) for assay in ASSAYS])

# House values: how often a visit takes place and what is asked of the laboratory then; nobody's measured habits.
_YEARLY, _EXTRA, _EXTRA_WHEN_ILL = 0.84, 0.03, 0.45
_ROUTINE = {"vitals": 0.98, "body": 0.95, "cbc": 0.85, "liver": 0.85, "lipids": 0.75, "renal": 0.8, "glucose": 0.65,
            "urine": 0.12, "coagulation": 0.04, "tumour": 0.04}  # fmt: skip
_BETWEEN, _FOCUS, _SAMPLE_LOST = 0.15, 0.96, 0.02
# Percent of the value: what the notes of signals.csv give for a clinic; its own numbers are for home means.
_IN_CLINIC = {"sbp": 9.0, "dbp": 9.0, "weight": 1.5}
_SLOPE_SPREAD = 0.15  # of the rise, between patients of one course


@dataclass(frozen=True, kw_only=True)
class Block:
    """Fifty patients as arrays; times are years since the start of the history.

    `course` (N,) index into COURSES; `male` (N,); `age` (N,) at the end. The parts of `Latent` are (N, S), its moments
    (N,) or (N, S). `seen_at`, `attended` are (N, V); `measured` and `values` (canonical, with noise) (N, V, S).
    `chance` (N, 10) and `luck` (N, V, 3) are uniform numbers for what is decided patient by patient, visit by visit.
    """

    years: int
    course: NDArray[np.intp]
    male: Flags
    age: Array
    level: Array
    slope: Array
    begins: Array
    rise: Array
    rises_until: Array
    treatment: Array
    treated: Array
    takes: Array
    seen_at: Array
    attended: Flags
    measured: Flags
    values: Array
    chance: Array
    luck: Array


def draw(block: int, *, seed: int, years: int) -> Block:
    """Return the patients of one block; the same block, seed and years give the same digits."""
    rng = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(block,)))
    course = rng.permutation(np.repeat(np.arange(len(COURSES)), [each.per_fifty for each in COURSES]))
    chosen = [COURSES[index] for index in course]
    male = rng.random(PER_BLOCK) < 0.5
    age = _between(rng, [each.ages for each in chosen])
    begins = _moment(rng, [each.begins for each in chosen], years)
    treatment = _moment(rng, [each.treated for each in chosen], years)
    takes = np.array([each.takes_years for each in chosen])
    by, rise, treated = _shifts(chosen)
    rise = rise * (1 + _SLOPE_SPREAD * rng.standard_normal((PER_BLOCK, 1)))
    rises_until = np.where(treated != 0, treatment[:, None], NEVER)
    level = _levels(rng, male) + by
    slope = np.array([assay.drift for assay in ASSAYS]) * (1 + 0.3 * rng.standard_normal((PER_BLOCK, len(ASSAYS))))
    lines = (level, slope, begins[:, None], rise, rises_until, treatment[:, None], treated, takes[:, None])
    _aim(rng, chosen, age, years, lines)
    seen_at, attended, measured = _visits(rng, chosen, np.minimum(begins, treatment), years)
    truth = on_scale(seen_at[:, :, None], *(line[:, None, :] for line in lines))
    return Block(
        years=years, course=course, male=male, age=age, level=level, slope=slope, begins=begins, rise=rise,
        rises_until=rises_until, treatment=treatment, treated=treated, takes=takes, seen_at=seen_at,
        attended=attended, measured=measured, values=observe(truth, rng), chance=rng.random((PER_BLOCK, 10)),
        luck=rng.random((*seen_at.shape, 3)),
    )  # fmt: skip


def observe(on_scale_truth: Array, rng: np.random.Generator) -> Array:
    """Return measured values (canonical) for the truth on its scale; the last axis is S.

    Noise: within-person and analytical variation of `signals.csv` together, a share of the value; log-normal where the
    assay lives on the log scale.
    """
    is_log = np.array([assay.scale == "log" for assay in ASSAYS])
    variation = np.array([_variation(assay.signal) for assay in ASSAYS])
    noise = rng.standard_normal(on_scale_truth.shape)
    log_values = np.exp(np.where(is_log, on_scale_truth + np.sqrt(np.log1p(variation**2)) * noise, 0.0))
    return np.where(is_log, log_values, on_scale_truth * (1 + variation * noise))


def _variation(key: str) -> float:
    """Coefficient of variation of one measurement, as a fraction."""
    if key in _IN_CLINIC:
        return _IN_CLINIC[key] / 100
    known = signal(key)
    return float(np.hypot(known.cvi_percent or 0.0, known.cva_percent or 0.0)) / 100


def _between(rng: np.random.Generator, bounds: list[tuple[float, float]]) -> Array:
    low, high = np.array(bounds, dtype=np.float64).T
    return low + (high - low) * rng.random(len(bounds))


def _moment(rng: np.random.Generator, bounds: list[tuple[float, float] | None], years: int) -> Array:
    """Years since the start, from years before the end; infinite where there is none."""
    before = _between(rng, [pair or (0.0, 0.0) for pair in bounds])
    return np.where([pair is None for pair in bounds], NEVER, years - before)


def _shifts(chosen: list[Course]) -> tuple[Array, Array, Array]:
    by, rise, treated = (np.zeros((len(chosen), len(ASSAYS))) for _ in range(3))
    for row, course in enumerate(chosen):
        for shift in course.shifts:
            column = INDEX[shift.signal]
            by[row, column], rise[row, column], treated[row, column] = shift.by, shift.rise, shift.treated
    return by, rise, treated


def _levels(rng: np.random.Generator, male: Flags) -> Array:
    means = np.where(male[:, None], [assay.men for assay in ASSAYS], [assay.women for assay in ASSAYS])
    is_log = [assay.scale == "log" for assay in ASSAYS]
    spread = np.array([assay.spread for assay in ASSAYS]) * rng.standard_normal(means.shape).clip(-1.5, 1.5)
    return np.where(is_log, np.log(means), means) + spread


def _aim(rng: np.random.Generator, chosen: list[Course], age: Array, years: int, lines: tuple[Array, ...]) -> None:
    """Move the level of aimed courses so that the truth passes the aim when it should. FIB-4 is moved by platelets."""
    place = rng.random(len(chosen))
    level = lines[0]
    for row, course in enumerate(chosen):
        if course.aim is None:
            continue
        low, high = course.aim.months
        ahead = (low + (high - low) * place[row]) / 12
        then = on_scale(years + ahead, *(line[row] for line in lines))
        if course.aim.key == "fib4":
            ast, alt, platelets = (np.exp(then[INDEX[key]]) for key in ("ast", "alt", "platelets"))
            reached = fib4(age[row] + ahead, ast, alt, platelets)
            level[row, INDEX["platelets"]] += np.log(reached / course.aim.threshold)
        else:
            column = INDEX[course.aim.key]
            is_log = ASSAYS[column].scale == "log"
            level[row, column] += (np.log(course.aim.threshold) if is_log else course.aim.threshold) - then[column]


def _visits(rng: np.random.Generator, chosen: list[Course], ill_from: Array, years: int) -> tuple[Array, Flags, Flags]:
    """Quarters with a visit, and what is measured there: yearly check-ups, denser when ill, some missed."""
    count, quarters = len(chosen), years * VISITS_PER_YEAR
    shape = (count, quarters)
    seen_at = (np.arange(quarters) + 0.5 + 0.45 * (2 * rng.random(shape) - 1)) / VISITS_PER_YEAR
    yearly = np.arange(quarters) % VISITS_PER_YEAR == rng.integers(0, VISITS_PER_YEAR, count)[:, None]
    ill = seen_at > ill_from[:, None]
    attended = rng.random(shape) < np.where(yearly, _YEARLY, np.where(ill, _EXTRA_WHEN_ILL, _EXTRA))
    routine = np.array([_ROUTINE[panel] for panel in _PANELS])
    focus = np.array([[panel in course.panels for panel in _PANELS] for course in chosen])
    asked = np.where(yearly[:, :, None], routine, _BETWEEN)
    asked = np.where(focus[:, None, :], _FOCUS, asked)
    asked[:, :, _PANELS.index("vitals")] = routine[_PANELS.index("vitals")]
    panels = rng.random(asked.shape) < asked
    measured = panels[:, :, _PANEL_OF] & (rng.random((*shape, len(ASSAYS))) >= _SAMPLE_LOST)
    measured &= attended[:, :, None]
    attended &= measured.any(axis=2)
    return seen_at, attended, measured

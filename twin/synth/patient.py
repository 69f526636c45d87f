"""Who is a simulated patient: what is true of them, and what the hospital saw of it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from twin.record.timeline import Sex
from twin.synth.identity import Name
from twin.synth.truth import Latent

Smoking = Literal["never", "former", "current"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One reported value: `text` digit for digit in the laboratory's `unit`, `value` measured, in the canonical unit.

    `limit` is set where the laboratory printed "< limit" instead of the value. `code` is UCUM, None where this
    laboratory sends the bare text of the unit.
    """

    signal: str
    title: str
    panel: str
    loinc: str
    text: str
    unit: str
    code: str | None
    value: float
    is_below_limit: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """A visit, what was measured then, and when the laboratory released it."""

    at: datetime
    issued_at: datetime
    is_checkup: bool
    readings: tuple[Reading, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A condition: when it truly began, and when the hospital first wrote it down."""

    concept: str
    onset: date
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Medicine:
    """A medicine from `start` on; `stop` is None while it is taken."""

    key: str
    start: date
    stop: date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """A result sent wrong at first: which reading of which visit, the wrong text, and when the right one came."""

    visit: int
    signal: str
    wrong_text: str
    corrected_at: datetime


@dataclass(frozen=True, kw_only=True)
class SyntheticPatient:
    """Patient `number` of the cohort of `seed`.

    `truth` holds the course of each assayed signal without noise; `twin.synth.latent` reads it.
    """

    id: str
    number: int
    mrn: str
    name: Name
    sex: Sex
    birth_date: date
    course: str
    organ: str
    start: date
    until: date
    truth: Mapping[str, Latent]
    visits: tuple[Visit, ...]
    problems: tuple[Problem, ...]
    medicines: tuple[Medicine, ...]
    smoking: Smoking
    pack_years: float
    has_hbsag: bool
    father_had_infarction: bool
    is_allergic_to_penicillin: bool
    correction: Correction | None
    is_conventional: bool
    seed: int

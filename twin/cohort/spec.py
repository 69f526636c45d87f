"""What a cohort's columns mean: `cohort.toml`, checked.

key, title, organ
[endpoint]      name (in outcomes.csv), event = 1, competing = [2], horizons (years), replay_horizon
[landmarks]     times (years): where risks are learnt; visits: at most so many visits of a patient besides;
                column, at_least, below: only moments at which the newest value of a biomarker lies there
[biomarkers.X]  scale = linear | log | logit; low, high (logit: bounds); floor, below (a lower limit of detection);
                plausible = [low, high]; forecast; signal and unit, where it is one of the record's own
[states.X]      something that is there or not, or has a grade: carried forward from visit to visit
[baseline.X]    known from time zero; grows = true for an age
[diagnoses]     names: events of events.csv; shifts: those from which biomarkers may take another course
[course]        since (years): readings before it are no part of the fit
[card]          population, age, sex, needs, intended_use, limits: words and codes for the model's card
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.cohort.checking import LONGEST, sound, usable
from twin.cohort.errors import BadSpec
from twin.cohort.written import (
    number,
    numbers,
    of_table,
    refuse_unknown,
    rows,
    table,
    text,
    text_or_none,
    texts,
    whole,
    wholes,
    words,
    yes_no,
)
from twin.forecast.gate import BadCriteria
from twin.forecast.gate import read as read_criteria
from twin.forecast.joint.scale import Scale

_SECTIONS = {"key", "title", "organ", "endpoint", "landmarks", "biomarkers", "states", "baseline", "diagnoses",
             "course", "people", "card"}  # fmt: skip
_ENDPOINT = {"name", "event", "competing", "concepts", "death", "horizons", "replay_horizon"}
_BIOMARKER = {"scale", "low", "high", "floor", "below", "plausible", "forecast", "signal", "unit"}
_VISITS = 6  # a patient's visits that are landmarks too: more repeat one another


@dataclass(frozen=True, kw_only=True, slots=True)
class Biomarker:
    """A number measured at visits."""

    column: str
    scale: Scale
    plausible: tuple[float, float]
    is_forecast: bool
    signal: str | None
    unit: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """A number known from time zero.

    `grows`: with the years since, as an age does. `source`: what of a site's record it is, "age" or "male".
    """

    column: str
    grows: bool
    source: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Only moments at which the newest value of `column` lies at or above `at_least` and below `below`."""

    column: str
    at_least: float
    below: float


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """Which baseline columns tell age at time zero and sex; None where none does."""

    age: str | None
    sex: str | None
    male: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What only people can say of the model, for its card; `serves` as in `twin.forecast.gate`, empty: nobody."""

    source: str
    setting: str
    intended_use: str
    limits: tuple[str, ...]
    serves: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """A checked specification; `written` is the TOML as read, for the model file."""

    key: str
    title: str
    organ: str
    endpoint: str
    event: int
    competing: tuple[int, ...]
    concepts: tuple[str, ...]
    is_death: bool
    horizons: tuple[float, ...]
    replay_horizon: float
    landmarks: tuple[float, ...]
    visits: int
    window: Window | None
    biomarkers: tuple[Biomarker, ...]
    states: tuple[str, ...]
    baseline: tuple[Baseline, ...]
    diagnoses: tuple[str, ...]
    shifts: tuple[str, ...]
    course_since: float
    people: People
    card: Card
    written: Mapping[str, Any] = field(repr=False)

    def biomarker(self, column: str) -> Biomarker | None:
        """The biomarker of this column, if it is one."""
        return next((each for each in self.biomarkers if each.column == column), None)


def read(path: Path) -> Spec:
    """Return the specification in a file.

    Raises:
        BadSpec: no TOML, or something in it is missing, unknown or of the wrong kind.
    """
    try:
        return of(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadSpec(f"{path.name}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSpec(f"{path.name}: no TOML: {error}") from error
    except BadSpec as error:
        raise BadSpec(f"{path.name}: {error}") from error


def of(written: Mapping[str, Any]) -> Spec:
    """Return the specification that a TOML document says; raises as `read` does."""
    spec = stored(written)
    usable(spec)
    return spec


def stored(written: Mapping[str, Any]) -> Spec:
    """Return the specification that a model was fitted by, whatever has left the catalogues since.

    Raises:
        BadSpec: something in it is missing, unknown or of the wrong kind, or contradicts the rest.
    """
    refuse_unknown(written, _SECTIONS, "here")
    endpoint = table(written, "endpoint", _ENDPOINT)
    landmarks = table(written, "landmarks", {"times", "visits", "column", "at_least", "below"})
    diagnoses = table(written, "diagnoses", {"names", "shifts"})
    course = table(written, "course", {"since"})
    people = table(written, "people", {"age", "sex", "male"})
    card = table(written, "card", {"source", "setting", "intended_use", "limits", "serves"})
    horizons = numbers(endpoint, "endpoint.horizons")
    if not horizons or not 0 < min(horizons) <= max(horizons) < LONGEST:
        raise BadSpec("endpoint.horizons: at least one, in years above 0")
    spec = Spec(
        key=text(written, "key"),
        title=text(written, "title"),
        organ=words(written, "organ"),
        endpoint=text(endpoint, "endpoint.name"),
        event=whole(endpoint, "endpoint.event", 1),
        competing=wholes(endpoint, "endpoint.competing", (2,)),
        concepts=texts(endpoint, "endpoint.concepts"),
        is_death=yes_no(endpoint, "endpoint.death"),
        horizons=tuple(sorted(horizons)),
        replay_horizon=number(endpoint, "endpoint.replay_horizon", max(horizons)),
        landmarks=numbers(landmarks, "landmarks.times"),
        visits=whole(landmarks, "landmarks.visits", _VISITS),
        window=_window(landmarks),
        biomarkers=tuple(_biomarker(column, row) for column, row in rows(written, "biomarkers", _BIOMARKER)),
        states=tuple(column for column, _ in rows(written, "states", set())),
        baseline=tuple(
            Baseline(
                column=column,
                grows=yes_no(row, f"baseline.{column}.grows"),
                source=text_or_none(row, f"baseline.{column}.from"),
            )
            for column, row in rows(written, "baseline", {"grows", "from"})
        ),
        diagnoses=texts(diagnoses, "diagnoses.names"),
        shifts=texts(diagnoses, "diagnoses.shifts"),
        course_since=number(course, "course.since", float("-inf")),
        people=People(
            age=text_or_none(people, "people.age"),
            sex=text_or_none(people, "people.sex"),
            male=number(people, "people.male", 1.0),
        ),
        card=Card(
            source=words(card, "card.source"),
            setting=words(card, "card.setting"),
            intended_use=words(card, "card.intended_use"),
            limits=texts(card, "card.limits"),
            serves=_criteria(card),
        ),
        written=dict(written),
    )
    sound(spec)
    return spec


def _biomarker(column: str, row: Mapping[str, Any]) -> Biomarker:
    name = f"biomarkers.{column}"
    plausible = numbers(row, f"{name}.plausible", (float("-inf"), float("inf")))
    if len(plausible) != 2 or not plausible[0] < plausible[1]:
        raise BadSpec(f"{name}.plausible: two numbers, the lower first")
    limits = {key: number(row, f"{name}.{key}", 0.0) for key in ("low", "high", "floor", "below") if key in row}
    try:
        scale = Scale.from_json({"kind": row.get("scale", "linear"), **limits})
    except (ValueError, TypeError) as error:
        raise BadSpec(f"{name}: {error}") from error
    return Biomarker(
        column=column,
        scale=scale,
        plausible=(plausible[0], plausible[1]),
        is_forecast=yes_no(row, f"{name}.forecast"),
        signal=text_or_none(row, f"{name}.signal"),
        unit=text_or_none(row, f"{name}.unit"),
    )


def _window(landmarks: Mapping[str, Any]) -> Window | None:
    if "column" not in landmarks:
        return None
    return Window(
        column=text(landmarks, "landmarks.column"),
        at_least=number(landmarks, "landmarks.at_least", float("-inf")),
        below=number(landmarks, "landmarks.below", float("inf")),
    )


def _criteria(card: Mapping[str, Any]) -> Mapping[str, Any]:
    criteria = dict(of_table(card.get("serves", {}), "card.serves"))
    try:
        if criteria:
            read_criteria(criteria)
    except BadCriteria as error:
        raise BadSpec(f"card.serves: {error}") from error
    return criteria

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

from twin.cohort.errors import BadSpec
from twin.forecast.gate import BadCriteria
from twin.forecast.gate import read as read_criteria
from twin.forecast.joint.scale import Scale

_SECTIONS = {"key", "title", "organ", "endpoint", "landmarks", "biomarkers", "states", "baseline", "diagnoses",
             "course", "people", "card"}  # fmt: skip
_ENDPOINT = {"name", "event", "competing", "concepts", "death", "horizons", "replay_horizon"}
_LONGEST = 100  # years: a horizon beyond a life is a slip
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
    unknown = sorted(set(written) - _SECTIONS)
    if unknown:
        raise BadSpec(f"nothing is called {unknown[0]!r}; there are {', '.join(sorted(_SECTIONS))}")
    endpoint = _table(written, "endpoint", _ENDPOINT)
    landmarks = _table(written, "landmarks", {"times", "visits", "column", "at_least", "below"})
    diagnoses = _table(written, "diagnoses", {"names", "shifts"})
    course = _table(written, "course", {"since"})
    people = _table(written, "people", {"age", "sex", "male"})
    card = _table(written, "card", {"source", "setting", "intended_use", "limits", "serves"})
    horizons = _numbers(endpoint, "endpoint.horizons")
    if not horizons or not 0 < min(horizons) <= max(horizons) < _LONGEST:
        raise BadSpec("endpoint.horizons: at least one, in years above 0")
    spec = Spec(
        key=_text(written, "key"),
        title=_text(written, "title"),
        organ=str(written.get("organ", "")),
        endpoint=_text(endpoint, "name", "endpoint.name"),
        event=int(_number(endpoint, "event", "endpoint.event", 1)),
        competing=tuple(int(status) for status in _numbers(endpoint, "endpoint.competing", (2,))),
        concepts=_texts(endpoint, "endpoint.concepts"),
        is_death=bool(endpoint.get("death", False)),
        horizons=tuple(sorted(horizons)),
        replay_horizon=_number(endpoint, "replay_horizon", "endpoint.replay_horizon", max(horizons)),
        landmarks=_numbers(landmarks, "landmarks.times", ()),
        visits=int(_number(landmarks, "visits", "landmarks.visits", _VISITS)),
        window=_window(landmarks),
        biomarkers=tuple(_biomarker(column, _of_kind(row, dict)) for column, row in _rows(written, "biomarkers")),
        states=tuple(column for column, _ in _rows(written, "states", set())),
        baseline=tuple(
            Baseline(column=column, grows=bool(row.get("grows", False)), source=row.get("from"))
            for column, row in _rows(written, "baseline", {"grows", "from"})
        ),
        diagnoses=_texts(diagnoses, "diagnoses.names"),
        shifts=_texts(diagnoses, "diagnoses.shifts"),
        course_since=_number(course, "since", "course.since", float("-inf")),
        people=People(
            age=_column_name(people, "age"),
            sex=_column_name(people, "sex"),
            male=_number(people, "male", "people.male", 1.0),
        ),
        card=Card(
            source=str(card.get("source", "")),
            setting=str(card.get("setting", "")),
            intended_use=str(card.get("intended_use", "")),
            limits=_texts(card, "card.limits"),
            serves=_criteria(card),
        ),
        written=dict(written),
    )
    _check(spec)
    return spec


def _check(spec: Spec) -> None:
    columns = [each.column for each in spec.biomarkers] + list(spec.states)
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice is not None:
        raise BadSpec(f"{twice!r} is a biomarker and a state")
    if spec.window is not None and spec.biomarker(spec.window.column) is None:
        raise BadSpec(f"landmarks.column: {spec.window.column!r} is no biomarker")
    stray = next((name for name in spec.shifts if name not in spec.diagnoses), None)
    if stray is not None:
        raise BadSpec(f"diagnoses.shifts: {stray!r} is not among the names")
    if not 0 < spec.replay_horizon <= max(spec.horizons):
        raise BadSpec("endpoint.replay_horizon: within the longest horizon")
    known = {item.column for item in spec.baseline}
    for name, column in (("age", spec.people.age), ("sex", spec.people.sex)):
        if column is not None and column not in known:
            raise BadSpec(f"people.{name}: {column!r} is not in the baseline")
    if not spec.landmarks and spec.visits < 1:
        raise BadSpec("landmarks: neither times nor visits")
    if spec.event in spec.competing:
        raise BadSpec("endpoint: the event competes with itself")


def _biomarker(column: str, row: Mapping[str, Any]) -> Biomarker:
    name = f"biomarkers.{column}"
    known = {"scale", "low", "high", "floor", "below", "plausible", "forecast", "signal", "unit"}
    _refuse_unknown(row, known, name)
    plausible = _numbers(row, f"{name}.plausible", (float("-inf"), float("inf")))
    if len(plausible) != 2 or not plausible[0] < plausible[1]:
        raise BadSpec(f"{name}.plausible: two numbers, the lower first")
    try:
        limits = {key: float(row[key]) for key in ("low", "high", "floor", "below") if key in row}
        scale = Scale.from_json({"kind": row.get("scale", "linear"), **limits})
    except (ValueError, TypeError) as error:
        raise BadSpec(f"{name}: {error}") from error
    return Biomarker(
        column=column,
        scale=scale,
        plausible=(plausible[0], plausible[1]),
        is_forecast=bool(row.get("forecast", False)),
        signal=row.get("signal"),
        unit=row.get("unit"),
    )


def _window(landmarks: Mapping[str, Any]) -> Window | None:
    if "column" not in landmarks:
        return None
    return Window(
        column=_text(landmarks, "column", "landmarks.column"),
        at_least=_number(landmarks, "at_least", "landmarks.at_least", float("-inf")),
        below=_number(landmarks, "below", "landmarks.below", float("inf")),
    )


def _criteria(card: Mapping[str, Any]) -> Mapping[str, Any]:
    criteria = dict(_of_kind(card.get("serves", {}), dict))
    try:
        if criteria:
            read_criteria(criteria)
    except BadCriteria as error:
        raise BadSpec(f"card.serves: {error}") from error
    return criteria


def _table(written: Mapping[str, Any], name: str, known: set[str]) -> Mapping[str, Any]:
    found = written.get(name, {})
    if not isinstance(found, dict):
        raise BadSpec(f"{name} is a table: [{name}]")
    _refuse_unknown(found, known, name)
    return found


def _refuse_unknown(found: Mapping[str, Any], known: set[str], name: str) -> None:
    unknown = sorted(set(found) - known)
    if unknown:
        raise BadSpec(f"{name}: nothing is called {unknown[0]!r}; there are {', '.join(sorted(known))}")


def _rows(written: Mapping[str, Any], name: str, known: set[str] | None = None) -> list[tuple[str, Any]]:
    rows = list(_of_kind(written.get(name, {}), dict).items())
    for column, row in rows if known is not None else ():
        _refuse_unknown(_of_kind(row, dict), known or set(), f"{name}.{column}")
    return rows


def _of_kind(value: Any, kind: type) -> Any:  # Any: whatever TOML holds
    if not isinstance(value, kind):
        raise BadSpec(f"a table was expected, not {value!r}")
    return value


def _text(found: Mapping[str, Any], key: str, name: str = "") -> str:
    value = found.get(key)
    if not isinstance(value, str) or not value:
        raise BadSpec(f"{name or key}: a text is missing")
    return value


def _column_name(people: Mapping[str, Any], key: str) -> str | None:
    return _text(people, key, f"people.{key}") if key in people else None


def _texts(found: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = found.get(name.rpartition(".")[2], [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadSpec(f"{name}: a list of texts")
    return tuple(value)


def _number(found: Mapping[str, Any], key: str, name: str, default: float) -> float:
    value = found.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise BadSpec(f"{name}: a number")
    return float(value)


def _numbers(found: Mapping[str, Any], name: str, default: tuple[float, ...] = ()) -> tuple[float, ...]:
    value = found.get(name.rpartition(".")[2], list(default))
    if not isinstance(value, list) or not all(isinstance(each, int | float) for each in value):
        raise BadSpec(f"{name}: a list of numbers")
    return tuple(float(each) for each in value)

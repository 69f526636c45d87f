"""Does a specification make sense? What can't be is refused by its place before any table is read.

`sound` is owed by every specification, that of a model fitted long ago among them. `usable` is asked of a new one only:
a catalogue may lose a signal, and a model that was fitted on it still speaks.
"""

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from twin.cohort.errors import BadSpec
from twin.organs import ORGANS
from twin.record.codes import known_concepts
from twin.record.signal import signals

if TYPE_CHECKING:
    from twin.cohort.spec import Biomarker, Spec

LONGEST = 100  # years: a horizon or landmark beyond a life is a slip
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # it names a model's slot, and files are called by it
_TAKEN = {"patient_id", "time", "endpoint", "status", "event"}  # columns that mean something else in every table
_NAMED = {"years since time zero", "diagnoses", "seen"}  # predictors of every model
_SOURCES = ("age", "male")  # what of a record a baseline number may be


def sound(spec: "Spec") -> None:
    """Refuse a specification that contradicts itself.

    Raises:
        BadSpec: by the place.
    """
    columns = [each.column for each in spec.biomarkers] + list(spec.states)
    twice = _repeated(columns)
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


def usable(spec: "Spec") -> None:
    """Refuse a sound specification that names what is not there, or says what would be passed over in silence.

    Raises:
        BadSpec: by the place.
    """
    _names(spec)
    _endpoint(spec)
    _landmarks(spec)
    for each in spec.biomarkers:
        _biomarker(each, spec.written["biomarkers"][each.column])
    for item in spec.baseline:
        if item.source is not None and item.source not in _SOURCES:
            raise BadSpec(f'baseline.{item.column}: from is "age" or "male", not {item.source!r}')
    for place, names in (("names", spec.diagnoses), ("shifts", spec.shifts)):
        twice = _repeated(names)
        if twice is not None:
            raise BadSpec(f"diagnoses.{place}: {twice!r} twice")
    if not isfinite(spec.people.male):
        raise BadSpec("people.male: a number that is finite")
    if spec.course_since == float("inf"):
        raise BadSpec("course.since: no reading is after it")


def _names(spec: "Spec") -> None:
    if not _KEY.fullmatch(spec.key):
        raise BadSpec("key: letters, digits, - and _ only, at most 64, a letter or digit first")
    organs = [each.key for each in ORGANS]
    if spec.organ and spec.organ not in organs:
        raise BadSpec(f"organ: none is called {spec.organ!r}; there are {', '.join(organs)}")
    places = [(f"biomarkers.{each.column}", each.column) for each in spec.biomarkers]
    places += [(f"states.{column}", column) for column in spec.states]
    places += [(f"baseline.{each.column}", each.column) for each in spec.baseline]
    places += [("diagnoses.names", name) for name in spec.diagnoses]
    for place, name in places:
        if not name.strip() or ": " in name or name in _TAKEN | _NAMED:
            raise BadSpec(f"{place}: {name!r} can't name a column or diagnosis here")
    both = next((each.column for each in spec.baseline if each.column in spec.diagnoses), None)
    if both is not None:
        raise BadSpec(f"{both!r} is in the baseline and a diagnosis")


def _endpoint(spec: "Spec") -> None:
    if spec.event < 1 or min(spec.competing, default=1) < 1:
        raise BadSpec("endpoint: event and competing are statuses above 0, for 0 is censored")
    if _repeated(spec.competing) is not None:
        raise BadSpec("endpoint.competing: a status twice")
    if _repeated(spec.horizons) is not None:
        raise BadSpec("endpoint.horizons: a horizon twice")
    strange = next((key for key in spec.concepts if key not in known_concepts()), None)
    if strange is not None:
        raise BadSpec(f"endpoint.concepts: no concept is called {strange!r}")


def _landmarks(spec: "Spec") -> None:
    written = spec.written.get("landmarks", {})
    if "times" in written and not spec.landmarks:
        raise BadSpec("landmarks.times: at least one, or none of the line")
    if not all(0 <= at < LONGEST for at in spec.landmarks):
        raise BadSpec(f"landmarks.times: years from 0 to below {LONGEST}")
    if _repeated(spec.landmarks) is not None:
        raise BadSpec("landmarks.times: a time twice")
    if spec.visits < 0:
        raise BadSpec(f"landmarks.visits: 0 or more, not {spec.visits}")
    if spec.window is None and {"at_least", "below"} & set(written):
        raise BadSpec("landmarks: at_least and below need a column")
    if spec.window is not None and not spec.window.at_least < spec.window.below:
        raise BadSpec("landmarks: nothing lies at or above at_least and below below")


def _biomarker(each: "Biomarker", written: Mapping[str, object]) -> None:
    name, scale = f"biomarkers.{each.column}", each.scale
    if scale.kind != "logit" and {"low", "high"} & set(written):
        raise BadSpec(f"{name}: low and high are bounds of the logit scale; what is plausible stands there")
    if scale.below is not None and (scale.floor is None or not scale.below < scale.floor):
        raise BadSpec(f"{name}: below is what is written for a value under the floor")
    least = {"log": 0.0, "logit": scale.low}.get(scale.kind, float("-inf"))
    most = scale.high if scale.kind == "logit" else float("inf")
    if each.plausible[1] <= least or each.plausible[0] >= most:
        raise BadSpec(f"{name}.plausible: nothing in it has a place on the {scale.kind} scale")
    if each.signal is None:
        return
    measured = signals().get(each.signal)
    if measured is None:
        raise BadSpec(f"{name}: no signal is called {each.signal!r}")
    if measured.is_coded:
        raise BadSpec(f"{name}: the signal {each.signal} is a code and no number")
    if each.unit is not None and each.unit not in measured.conversions:
        raise BadSpec(f"{name}: {each.unit!r} is no unit of {each.signal}; there are {', '.join(measured.conversions)}")


def _repeated(found: Sequence[object]) -> object | None:
    return next((each for place, each in enumerate(found) if each in found[:place]), None)

"""How each kind of model file speaks of a patient of this site: what `serving.serve` is given, by kind."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twin.cohort.fitted import KIND as COHORT
from twin.cohort.fitted import Fitted, known, of_file
from twin.cohort.record import WATCHED_FOR, cohort_of_one
from twin.forecast.gate import read
from twin.forecast.hazards.model import pulls, risk
from twin.forecast.model_file import ModelFile
from twin.models.serving import Driver, Predict, Raw
from twin.organs.applies import looked_at
from twin.record.fact import Absent
from twin.record.timeline import Timeline

DRIVERS = 3  # as the drivers of a crossing on the page
PULL_AT_LEAST = 0.05  # of the log hazard: five in a hundred of the hazard is no reason (house value)


def cohort_risk(file: ModelFile, timeline: Timeline, at: datetime) -> Raw | Absent:
    """Return what a cohort model says at `at`, from what was true at or before it; before recalibration."""
    fitted = _loaded(_Held(file))
    found = cohort_of_one(fitted.spec, timeline, at)
    if isinstance(found, Absent):
        return found
    cohort, years = found
    here = np.array([years])
    last = float(cohort.visits.time.max())
    if years - last > _newest_within(fitted):
        return Absent(reason="stale_input", detail=f"the newest reading is {years - last:.1f} years old")
    x = known(fitted.spec, fitted.course, fitted.spread, fitted.middle, cohort, np.zeros(1, np.int64), here)
    said = risk(fitted.hazard, x, fitted.spec.horizons)
    return Raw(
        horizons=np.array(fitted.spec.horizons),
        risk=said.value[0],
        low=said.low[0],
        high=said.high[0],
        inputs={key: float(values[0]) if np.isfinite(values[0]) else None for key, values in x.items()},
        drivers=_drivers(fitted, x),
    )


def _newest_within(fitted: Fitted) -> float:
    """Years since the newest reading up to which the model has seen patients."""
    seen = next((term.high for term in fitted.hazard.terms if term.key == "seen: since_visit"), 0.0)
    return max(float(np.expm1(seen)), WATCHED_FOR)


def _drivers(fitted: Fitted, x: Mapping[str, NDArray[np.float64]]) -> tuple[Driver, ...]:
    """The strongest pulls, all that is known of one biomarker together, under the record's own keys."""
    spec, summed = fitted.spec, dict[str, float]()
    names = {each.column: each.signal or each.column for each in spec.biomarkers}
    names |= {each.column: each.source or each.column for each in spec.baseline}
    for key, values in pulls(fitted.hazard, x).items():
        named = names.get(column := key.partition(": ")[0], column)
        summed[named] = summed.get(named, 0.0) + float(values[0])
    strongest = sorted(summed, key=lambda key: (-abs(summed[key]), key))[:DRIVERS]
    return tuple(Driver(key=key, pull=summed[key]) for key in strongest if abs(summed[key]) >= PULL_AT_LEAST)


def looks_at(file: ModelFile) -> frozenset[str]:
    """Return every signal and concept of a record that a model or its gate looks at; none of an unknown kind."""
    return _looks_at(_Held(file)) if file.kind == COHORT else frozenset()


PREDICT: Mapping[str, Predict] = {COHORT: cohort_risk}


class _Held:
    """A model file by its version, which names its content, so that it is taken apart once a process."""

    def __init__(self, file: ModelFile) -> None:
        self.file = file

    def __hash__(self) -> int:
        return hash(self.file.version)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.file.version == other.file.version


@lru_cache(maxsize=8)  # models in use at once are few; one taken apart is some megabytes
def _loaded(held: _Held) -> Fitted:
    return of_file(held.file)


@lru_cache(maxsize=8)
def _looks_at(held: _Held) -> frozenset[str]:
    spec = _loaded(held).spec
    measured = (each.signal for each in spec.biomarkers if each.signal is not None)
    criteria = held.file.card.get("serves")
    needs = looked_at(read(criteria).population) if criteria else ()
    return frozenset({*measured, *spec.diagnoses, *needs})

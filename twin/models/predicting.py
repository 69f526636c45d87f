"""How each kind of model file speaks of a patient of this site: what `serving.serve` is given, by kind."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

import numpy as np

from twin.cohort.fitted import KIND as COHORT
from twin.cohort.fitted import Fitted, known, of_file
from twin.cohort.record import cohort_of_one
from twin.forecast.hazards.model import risk
from twin.forecast.model_file import ModelFile
from twin.models.serving import Predict, Raw
from twin.record.fact import Absent
from twin.record.timeline import Timeline


def cohort_risk(file: ModelFile, timeline: Timeline, at: datetime) -> Raw | Absent:
    """Return what a cohort model says at `at`, from what was true at or before it; before recalibration."""
    fitted = _loaded(_Held(file))
    found = cohort_of_one(fitted.spec, timeline, at)
    if isinstance(found, Absent):
        return found
    cohort, years = found
    here = np.array([years])
    x = known(fitted.spec, fitted.course, fitted.spread, fitted.middle, cohort, np.zeros(1, np.int64), here)
    said = risk(fitted.hazard, x, fitted.spec.horizons)
    return Raw(
        horizons=np.array(fitted.spec.horizons),
        risk=said.value[0],
        low=said.low[0],
        high=said.high[0],
        inputs={key: float(values[0]) if np.isfinite(values[0]) else None for key, values in x.items()},
    )


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

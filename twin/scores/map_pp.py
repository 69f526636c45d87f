"""Mean arterial and pulse pressure: how high is the pressure on average, and how stiff are the arteries?"""

import numpy as np
from numpy.typing import NDArray

from twin.scores.base import Array, Output, Refusal, Score
from twin.scores.inputs import measured


def map_pp(sbp: Array, dbp: Array) -> dict[str, Array]:
    """Return both in mm[Hg]. A pulse pressure of 60 and more in older adults speaks for stiff arteries."""
    return {"map": dbp + (sbp - dbp) / 3, "pp": sbp - dbp}


def _upside_down(sbp: Array, dbp: Array) -> NDArray[np.bool_]:
    """The systolic pressure is the higher one."""
    return np.asarray(dbp > sbp)


SCORE = Score(
    key="map_pp",
    inputs=(measured("sbp", "sbp", "mm[Hg]"), measured("dbp", "dbp", "mm[Hg]")),
    formula=map_pp,
    outputs=(Output(key="map", unit="mm[Hg]"), Output(key="pp", unit="mm[Hg]")),
    refusals=(Refusal(input="dbp", reason="impossible_value", when=_upside_down),),
    source="Definition",
    reviewed="2026-11",
    verification="verified",
)

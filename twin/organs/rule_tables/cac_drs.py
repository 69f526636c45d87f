"""CAC-DRS: which class of coronary calcium is a score of Agatston, in how many vessels?"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twin.scores.base import Array, Given, Input, Output, Range, Refusal, Score, Where
from twin.scores.inputs import NOT_NEGATIVE

_VESSELS = 10.0  # the class stands in the tens, the vessels in the ones
_UNKNOWN = 9.0  # in the ones: the vessels were not counted
_NAMES = {
    0.0: "A0",
    **{a * _VESSELS + n: f"A{a}/N{n}" for a in (1, 2, 3) for n in (1, 2, 3, 4)},
    **{a * _VESSELS + _UNKNOWN: f"A{a}" for a in (1, 2, 3)},
}


def cac_drs(agatston: Array, vessels: Array | None) -> Array:
    """Return the number of the class: A0 nothing, A1 below 100, A2 below 300, A3 from 300 on, with the vessels."""
    group = np.select([agatston == 0, agatston < 100, agatston < 300], [0.0, 1.0, 2.0], 3.0)
    return np.where(group == 0, 0.0, group * _VESSELS + (_UNKNOWN if vessels is None else vessels))


def _contradict(agatston: Array, vessels: Array | None) -> NDArray[np.bool_]:
    """Calcium lies in at least one vessel, and no calcium in none."""
    return np.asarray(False if vessels is None else (agatston > 0) != (vessels > 0))


def _category(outputs: Mapping[str, float], given: Given) -> str:
    return _NAMES[outputs["category"]]


TABLE = Score(
    key="cac_drs",
    inputs=(
        Input(
            key="agatston",
            unit="{score}",
            signal="agatston",
            find=(Where(kind="signal", key="agatston"),),
            units=("{Agatston}", "1"),
            possible=NOT_NEGATIVE,
        ),
        Input(key="vessels", unit="1", optional=True, possible=Range(low=0, high=4), whole=True),
    ),
    formula=cac_drs,
    outputs=(Output(key="category", names=_NAMES),),
    category=_category,
    refusals=(Refusal(input="vessels", reason="impossible_value", when=_contradict),),
    source="Hecht HS 2018; doi:10.1016/j.jcct.2018.03.008",
    reviewed="2026-11",
    verification="single_source",
)

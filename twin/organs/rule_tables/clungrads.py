"""C-Lung-RADS: how soon is a nodule of a Chinese screening CT looked at again?"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twin.organs.rule_tables.lungrads2022 import part_exceeds_whole
from twin.organs.rule_tables.nodule import PART_SOLID, SOLID, TYPES, one_decimal, sizes, whole
from twin.scores.base import Array, Given, Input, Output, Refusal, Score, Where
from twin.scores.inputs import SHARE

_RISK = {1.0: "low", 2.0: "mid", 3.0: "high", 4.0: "very high"}
_MONTHS = {1.0: 12, 2.0: 6, 3.0: 3, 4.0: 0}  # to the next CT; 0 = assessment at once
_LIKELY = 0.5  # probability by the model of the same paper, from which mid and high become very high


def clungrads(
    type: Array, size_mm: Array | None, total_mm: Array | None, solid_mm: Array | None, probability: Array | None
) -> dict[str, Array]:
    """Return the category 1-4 and its number again for the months; mean diameters in mm to one decimal.

    One study, no society's guideline. That sizes keep one decimal, as in Lung-RADS, was not confirmed.
    """
    size, part = whole(size_mm, total_mm), one_decimal(solid_mm)
    solid = np.select([size < 6, size < 10, size < 18], [1.0, 2.0, 3.0], 4.0)
    part_solid = np.select([size < 6, part < 6, part < 10, part >= 10], [1.0, 2.0, 3.0, 4.0], np.nan)
    ground_glass = np.select([size < 6, size < 20], [1.0, 2.0], 3.0)
    category = np.select([type == SOLID, type == PART_SOLID], [solid, part_solid], ground_glass)
    is_likely = np.asarray(False if probability is None else probability >= _LIKELY)
    category = np.where(is_likely & (category >= 2), 4.0, category)
    return {"category": category, "months": category}


def _lacks_size(size_mm: Array | None, total_mm: Array | None, **_: object) -> NDArray[np.bool_]:
    return np.isnan(whole(size_mm, total_mm))


def _lacks_part(
    type: Array, size_mm: Array | None, total_mm: Array | None, solid_mm: Array | None, **_: object
) -> NDArray[np.bool_]:
    return (type == PART_SOLID) & (whole(size_mm, total_mm) >= 6) & np.isnan(one_decimal(solid_mm))


def _category(outputs: Mapping[str, float], given: Given) -> str:
    return _RISK[outputs["category"]]


TABLE = Score(
    key="clungrads",
    inputs=(
        Input(key="type", kind="choice", choices=TYPES, find=(Where(kind="code", key="nodule_type"),)),
        *sizes(),
        Input(key="probability", unit="1", optional=True, possible=SHARE),
    ),
    formula=clungrads,
    outputs=(Output(key="category", whole=True), Output(key="months", unit="mo", names=_MONTHS)),
    category=_category,
    refusals=(
        Refusal(input="size_mm", reason="missing_input", when=_lacks_size),
        Refusal(input="solid_mm", reason="missing_input", when=_lacks_part),
        Refusal(input="solid_mm", reason="impossible_value", when=part_exceeds_whole),
    ),
    source="C-Lung-RADS; Nature Medicine 2024 (PMC11564084, Table 1)",
    reviewed="2026-11",
    verification="single_source",
    excludes=("lung_cancer",),
)

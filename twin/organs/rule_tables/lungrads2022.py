"""Lung-RADS v2022: which category has the most suspicious nodule of a screening CT?"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twin.organs.rule_tables.nodule import GROUND_GLASS, PART_SOLID, SOLID, TYPES, one_decimal, sizes, whole
from twin.scores.base import Array, Given, Input, Output, Refusal, Score, Where

_NAMES = {2.0: "2", 3.0: "3", 4.0: "4A", 5.0: "4B", 6.0: "4X"}
_AIRWAY, _THICK_WALLED = 3, 4
_BASELINE, _NEW, _GROWING, _SLOWLY, _STABLE = range(5)


def lungrads2022(
    type: Array,
    context: Array,
    size_mm: Array | None,
    total_mm: Array | None,
    solid_mm: Array | None,
    juxtapleural: Array,
    suspicious: Array,
    prior_category: Array | None,
) -> Array:
    """Return the number of the category; mean diameters in mm to one decimal, never rounded to whole mm.

    Growth is more than 1.5 mm of mean diameter within 12 months. Where two rows fit, the higher category stands. A
    stable solid or part-solid nodule steps down from the category it had. For screening only.
    """
    size, part = whole(size_mm, total_mm), one_decimal(solid_mm)
    solid = _by_context(
        context,
        baseline=np.select([size < 6, size < 8, size < 15], [2.0, 3.0, 4.0], 5.0),
        new=np.select([size < 4, size < 6, size < 8], [2.0, 3.0, 4.0], 5.0),
        growing=np.where(size < 8, 4.0, 5.0),
        stable=_stepped_down(prior_category),
    )
    is_smooth = (juxtapleural > 0.5) & (size < 10) & ((context == _BASELINE) | (context == _NEW))
    part_solid = _by_context(
        context,
        baseline=np.select([size < 6, part < 6, part < 8, part >= 8], [2.0, 3.0, 4.0, 5.0], np.nan),
        new=np.select([part >= 4, size < 6, part < 4], [5.0, 3.0, 4.0], np.nan),
        growing=np.select([part >= 4, part < 4], [5.0, 4.0], np.nan),
        stable=_stepped_down(prior_category),
    )
    # growing ground glass of 30 mm has no row of its own: it is not "stable or slowly growing", so as baseline and new
    is_quiet = (context == _SLOWLY) | (context == _STABLE)
    ground_glass = np.where((size < 30) | is_quiet, 2.0, 3.0)
    cyst = np.where((type == _THICK_WALLED) & (context == _GROWING), 3.0, 4.0)  # airway nodules too: 4A
    category = np.select(
        [type == SOLID, type == PART_SOLID, type == GROUND_GLASS],
        [np.where(is_smooth, 2.0, solid), part_solid, ground_glass],
        cyst,
    )
    return np.where((suspicious > 0.5) & (category >= 3), 6.0, category)


def _by_context(context: Array, *, baseline: Array, new: Array, growing: Array, stable: Array) -> Array:
    """A nodule that is not ground glass has no row for "slowly growing"."""
    chosen = [context == number for number in (_BASELINE, _NEW, _GROWING, _STABLE)]
    return np.select(chosen, [baseline, new, growing, stable], np.nan)


def _stepped_down(prior: Array | None) -> Array:
    return np.asarray(np.nan) if prior is None else np.maximum(prior - 1, 2.0)


def _lacks_size(
    type: Array, size_mm: Array | None, total_mm: Array | None, context: Array, **_: object
) -> NDArray[np.bool_]:
    has_row_without = (type >= _AIRWAY) | ((context == _STABLE) & (type != GROUND_GLASS))
    return np.isnan(whole(size_mm, total_mm)) & ~has_row_without


def _lacks_part(
    type: Array, context: Array, size_mm: Array | None, total_mm: Array | None, solid_mm: Array | None, **_: object
) -> NDArray[np.bool_]:
    """A part-solid nodule is judged by its solid part, but below 6 mm at the first CT."""
    is_small = (context == _BASELINE) & (whole(size_mm, total_mm) < 6)
    return np.isnan(one_decimal(solid_mm)) & (type == PART_SOLID) & ~is_small & (context != _STABLE)


def _lacks_prior(type: Array, context: Array, prior_category: Array | None, **_: object) -> NDArray[np.bool_]:
    return np.asarray((context == _STABLE) & (type < GROUND_GLASS) & (prior_category is None))


def _no_row(type: Array, context: Array, **_: object) -> NDArray[np.bool_]:
    return np.asarray((context == _SLOWLY) & (type < GROUND_GLASS))


def part_exceeds_whole(
    size_mm: Array | None, total_mm: Array | None, solid_mm: Array | None, **_: object
) -> NDArray[np.bool_]:
    """Return True where the solid part is told larger than the nodule."""
    return one_decimal(solid_mm) > whole(size_mm, total_mm)


def _category(outputs: Mapping[str, float], given: Given) -> str:
    return _NAMES[outputs["category"]]


TABLE = Score(
    key="lungrads2022",
    inputs=(
        Input(
            key="type",
            kind="choice",
            choices={**TYPES, "airway": 3.0, "thick_walled_cyst": 4.0, "multilocular_cyst": 5.0},
            find=(Where(kind="code", key="nodule_type"),),
        ),
        Input(
            key="context",
            kind="choice",
            choices={"baseline": 0.0, "new": 1.0, "growing": 2.0, "slowly_growing": 3.0, "stable": 4.0},
        ),
        *sizes(),
        Input(key="juxtapleural", kind="yes_no", default=0.0),
        Input(key="suspicious", kind="yes_no", default=0.0),
        Input(key="prior_category", kind="choice", choices={"2": 2.0, "3": 3.0, "4A": 4.0}, optional=True),
    ),
    formula=lungrads2022,
    outputs=(Output(key="category", names=_NAMES),),
    category=_category,
    refusals=(
        Refusal(input="size_mm", reason="missing_input", when=_lacks_size),
        Refusal(input="solid_mm", reason="missing_input", when=_lacks_part),
        Refusal(input="prior_category", reason="missing_input", when=_lacks_prior),
        Refusal(input="context", reason="outside_population", when=_no_row),
        Refusal(input="solid_mm", reason="impossible_value", when=part_exceeds_whole),
    ),
    source="ACR Lung-RADS v2022; Christensen J; Chest 2024;165:738",
    reviewed="2026-11",
    verification="verified",
    excludes=("lung_cancer",),
)

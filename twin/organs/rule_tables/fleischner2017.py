"""Fleischner 2017: when is an incidental lung nodule looked at again?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.scores.base import POSITIVE, Array, Given, Input, Output, Refusal, Score, Where, completed_years
from twin.scores.inputs import age

Months = tuple[int, int]
_KEYS = ("action", "months", "then", "then_months", "until_years")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What the table says: an examination after so many months (from, to), and what follows where nothing changed."""

    action: str
    months: Months | None = None
    then: str | None = None
    then_months: Months | None = None
    until_years: int | None = None


# The table of MacMahon 2017, numbered for the formula
_ROWS = (
    Row(action="none"),
    Row(action="optional_ct", months=(12, 12)),
    Row(action="ct", months=(6, 12), then="consider_ct", then_months=(18, 24)),
    Row(action="ct", months=(6, 12), then="ct", then_months=(18, 24)),
    Row(action="ct_pet_or_biopsy", months=(3, 3)),
    Row(action="ct", months=(3, 6), then="consider_ct", then_months=(18, 24)),
    Row(action="ct", months=(3, 6), then="ct", then_months=(18, 24)),
    Row(action="ct", months=(6, 12), then="ct_every_24_months", until_years=5),
    Row(action="ct", months=(3, 6), then="annual_ct_if_unchanged_and_solid_lt_6mm", until_years=5),
    Row(action="ct", months=(3, 6), then="consider_ct", then_months=(24, 48)),
    Row(action="ct", months=(3, 6), then="by_most_suspicious"),
)
_SOLID, _GROUND_GLASS, _SUBSOLID = 0, 2, 3


def fleischner2017(
    type: Array,
    count: Array,
    size_mm: Array,
    risk: Array | None,
    solid_component_mm: Array | None,
    age: Array | None,
) -> dict[str, Array]:
    """Return the number of the row under each key that the row fills; type, count and risk by number.

    Size is the mean of long and short axis, rounded to whole mm (halves up) before the row is chosen. For people of
    35 and more without cancer or immunosuppression, and not for screening.
    """
    size = whole_mm(size_mm)
    is_high = np.asarray(np.nan if risk is None else risk) == 1
    is_solid, is_single, is_small = type == _SOLID, count == 0, size < 6
    row = np.select(
        [
            is_solid & is_small,
            is_solid & is_single & (size <= 8),
            is_solid & is_single,
            is_solid,
            is_single & is_small,
            is_single & (type == _GROUND_GLASS),
            is_single,
            is_small,
        ],
        [np.where(is_high, 1, 0), np.where(is_high, 3, 2), 4, np.where(is_high, 6, 5), 0, 7, 8, 9],
        10,
    )
    return {key: np.where(_FILLED[key][row], row, np.nan) for key in _KEYS}


def whole_mm(size_mm: Array) -> Array:
    """Return the nearest whole mm, halves up: 5.4 is 5, 5.8 is 6, 8.3 is 8."""
    return np.floor(size_mm + 0.5)


def _lacks_risk(type: Array, count: Array, size_mm: Array, risk: Array | None, **_: object) -> NDArray[np.bool_]:
    """Solid nodules need the person's risk, but for a single one of more than 8 mm."""
    is_needed = (type == _SOLID) & ~((count == 0) & (whole_mm(size_mm) > 8))
    return is_needed if risk is None else is_needed & ~((risk == 0) | (risk == 1))


def _lacks_type(type: Array, count: Array, size_mm: Array, **_: object) -> NDArray[np.bool_]:
    """A single subsolid nodule of 6 mm and more is followed by whether it has a solid part."""
    return np.asarray((type == _SUBSOLID) & (count == 0) & (whole_mm(size_mm) >= 6))


def _part_exceeds_whole(size_mm: Array, solid_component_mm: Array | None, **_: object) -> NDArray[np.bool_]:
    return np.asarray(False if solid_component_mm is None else solid_component_mm > size_mm)


def _category(outputs: Mapping[str, float], given: Given) -> str:
    return _ROWS[int(outputs["action"])].action


def _values(key: str) -> tuple[object, ...]:
    return tuple(getattr(row, key) for row in _ROWS)


def _output(key: str, unit: str = "1") -> Output:
    return Output(
        key=key,
        unit=unit,
        names={float(number): value for number, value in enumerate(_values(key)) if value is not None},
    )


_FILLED = {key: np.array([value is not None for value in _values(key)]) for key in _KEYS}

TABLE = Score(
    key="fleischner2017",
    inputs=(
        Input(
            key="type",
            kind="choice",
            choices={"solid": 0.0, "part_solid": 1.0, "ground_glass": 2.0, "subsolid": 3.0},
            find=(Where(kind="code", key="nodule_type"),),
        ),
        Input(
            key="count",
            kind="choice",
            choices={"single": 0.0, "multiple": 1.0},
            find=(Where(kind="code", key="nodule_count"),),
        ),
        Input(
            key="size_mm",
            unit="mm",
            signal="nodule_mean_diameter",
            find=(Where(kind="signal", key="nodule_mean_diameter"),),
            possible=POSITIVE,
        ),
        Input(key="risk", kind="choice", choices={"low": 0.0, "high": 1.0, "any": 2.0}, optional=True),
        Input(
            key="solid_component_mm",
            unit="mm",
            signal="nodule_solid_diameter",
            find=(Where(kind="signal", key="nodule_solid_diameter"),),
            optional=True,
        ),
        age(population=completed_years(35), optional=True),
    ),
    formula=fleischner2017,
    outputs=(
        _output("action"),
        _output("months", "mo"),
        _output("then"),
        _output("then_months", "mo"),
        _output("until_years", "a"),
    ),
    category=_category,
    refusals=(
        Refusal(input="risk", reason="missing_input", when=_lacks_risk),
        Refusal(input="type", reason="missing_input", when=_lacks_type),
        Refusal(input="solid_component_mm", reason="impossible_value", when=_part_exceeds_whole),
    ),
    source="MacMahon H; Radiology 2017;284:228; doi:10.1148/radiol.2017161659",
    reviewed="2026-11",
    verification="verified",
    excludes=("cancer", "immunodeficiency", "immunosuppressant"),
)

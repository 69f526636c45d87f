"""Which sizes of a lung nodule do the screening tables take, and how are they rounded?"""

import numpy as np

from twin.scores.base import POSITIVE, Array, Input, Where

TYPES: dict[object, float | str] = {"solid": 0.0, "part_solid": 1.0, "ground_glass": 2.0}
SOLID, PART_SOLID, GROUND_GLASS = 0, 1, 2


def sizes() -> tuple[Input, ...]:
    """Return the mean diameter of a nodule, or of a part-solid one as a whole, and of its solid part."""
    return (
        _size("size_mm", "nodule_mean_diameter"),
        _size("total_mm", "nodule_mean_diameter"),
        Input(
            key="solid_mm",
            unit="mm",
            signal="nodule_solid_diameter",
            find=(Where(kind="signal", key="nodule_solid_diameter"),),
            optional=True,
        ),
    )


def one_decimal(size_mm: Array | None) -> Array:
    """Return a mean diameter to one decimal, halves up, as both tables keep it; NaN where it is not known."""
    return np.asarray(np.nan) if size_mm is None else np.floor(size_mm * 10 + 0.5) / 10


def whole(size_mm: Array | None, total_mm: Array | None) -> Array:
    """Return the size of the nodule, under whichever of its two names it was given."""
    return one_decimal(total_mm if size_mm is None else size_mm)


def _size(key: str, signal: str) -> Input:
    return Input(
        key=key,
        unit="mm",
        signal=signal,
        find=(Where(kind="signal", key=signal),),
        optional=True,
        possible=POSITIVE,
    )

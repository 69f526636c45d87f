"""Which vertebra is which? Counted from the lowest pair of ribs, which the twelfth thoracic vertebra bears.

The discs part the bodies; the one at which the lowest ribs begin is T12, and the others follow. Where the scan does
not show at least a vertebra's height of spine below the lowest ribs, they may not be the lowest: nothing is claimed.
It misleads by one level where a person has 11 or 13 pairs of ribs, or a rib at the first lumbar vertebra: some per
cent have [U]. The number of pairs is told where the ribs were counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from imaging.segment.canal import canal
from imaging.segment.coarse import Coarse, Mask
from imaging.segment.discs import body_way, discs
from imaging.segment.ribs import Rib, ribs

LEVELS = ("T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4", "L5")
TWELFTH = LEVELS.index("T12")
MOST_SLICE_MM = 5.0  # a lowest thoracic vertebra is 22 to 28 mm high, its disc 4
SEEN_BELOW_MM = 55.0  # of spine under the lowest ribs: a pair below would begin 22 to 36 mm under them, and go on down
PAIR_MM = 15.0  # heights of the two ribs of one pair differ by less
MARGIN_MM = 3.0  # from a disc: a rib that begins nearer may belong to either vertebra
RADIUS_MM = 13.0  # of the cylinder that marks a level: within bodies 30 mm deep and 40 mm wide
SHARE = 0.7  # of the height from disc to disc: end plates and disc left out


@dataclass(frozen=True, kw_only=True)
class Levels:
    """Middle (z, y, x in mm), direction and height of each body that has a level; `why` there is none.

    `way` is the canal's middle (N, 3) where it was found, `counted` the ribs seen on the right and on the left.
    """

    way: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    middles: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64], float]] = field(default_factory=dict)
    counted: tuple[int, int] = (0, 0)
    why: str = ""

    def told(self) -> str:
        """Return in words how the levels were found and how sure they are."""
        right, left = self.counted
        return f"levels counted from the lowest ribs ({right} right, {left} left seen); one off with 11 or 13 pairs"


def levels(grid: Coarse, body: Mask, way_mm: NDArray[np.float64]) -> Levels:
    """Return the levels of the vertebrae whose middle lies in the scan.

    Args: way_mm: (Z, 2) y, x of the spine in mm, NaN where it does not run.
    """
    if grid.spacing_mm[2] > MOST_SLICE_MM:
        return Levels(why=f"slices of {grid.spacing_mm[2]:g} mm are too thick to tell the vertebrae apart")
    found = canal(grid, way_mm)
    if found is None:
        return Levels(why="the canal of the spine was not found")
    parting = discs(grid, found)
    if len(parting) < 2:
        return Levels(way=found.place, why="fewer than two discs were told from the vertebrae")
    seen = ribs(grid, body, found)
    middle = body_way(found)
    top = (grid.hu.shape[0] - 1) * grid.spacing_mm[2]
    in_scan = np.flatnonzero((found.place[:, 0] >= 0) & (found.place[:, 0] <= top))
    lowest = _lowest(seen)
    if len(lowest) < 2 or min(lowest) - float(in_scan[0]) < SEEN_BELOW_MM:
        return Levels(
            way=found.place,
            why="the scan does not show a lowest pair of ribs with a vertebra's height of spine below it",
        )
    ends = _ends(parting, len(middle))
    bearing = {_between(height, ends) for height in lowest}
    if len(bearing) != 1 or (only := bearing.pop()) is None:
        return Levels(way=found.place, why="the lowest ribs do not begin at one vertebra: the level may be one off")
    named = {}
    for number, (low, high) in enumerate(pairwise(ends)):
        level = TWELFTH + only - number
        at = round((low + high) / 2)
        if 0 <= level < len(LEVELS) and 0 <= at < len(middle) and 0 <= middle[at, 0] <= top:
            named[LEVELS[level]] = (middle[at], found.along[at], float(high - low))
    sides = tuple(sum(one.is_right == is_right for one in seen) for is_right in (True, False))
    return Levels(way=found.place, middles=named, counted=(sides[0], sides[1]))


def drawn(grid: Coarse, found: Levels, level: str) -> Mask:
    """Return the cylinder (Z, Y, X) that marks the inside of a level's body."""
    middle, along, height_mm = found.middles[level]
    mask = np.zeros(grid.hu.shape, bool)
    reach = float(np.hypot(RADIUS_MM, SHARE * height_mm / 2))
    box = tuple(
        slice(max(0, int((at - reach) / mm)), int((at + reach) / mm) + 2)
        for at, mm in zip(middle, grid.sampling, strict=True)
    )
    part = mask[box]
    axes = [
        np.arange(one.start, one.start + size) * mm
        for one, size, mm in zip(box, part.shape, grid.sampling, strict=True)
    ]
    away = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) - middle
    up = away @ along
    aside = np.sqrt(np.maximum((away**2).sum(axis=-1) - up**2, 0))
    part[...] = (np.abs(up) <= SHARE * height_mm / 2) & (aside <= RADIUS_MM)
    return mask


def _lowest(seen: tuple[Rib, ...]) -> list[float]:
    """Return the heights of the lowest rib and of its partner on the other side, where that one is seen."""
    if not seen:
        return []
    first = seen[0]
    partner = [one for one in seen if one.is_right != first.is_right][:1]
    return [first.height_mm, *(one.height_mm for one in partner if one.height_mm - first.height_mm < PAIR_MM)]


def _ends(parting: list[int], size: int) -> list[float]:
    """Return the discs with one more on either side, as far off as the last two are apart."""
    return [2.0 * parting[0] - parting[1], *map(float, parting), 2.0 * parting[-1] - parting[-2]]


def _between(height_mm: float, ends: list[float]) -> int | None:
    for number, (low, high) in enumerate(pairwise(ends)):
        if low + MARGIN_MM <= height_mm <= high - MARGIN_MM:
            return number
    return None

"""Where a mask leaves out a lumen of a dissected vessel: what else of this section belongs to the vessel?

A section that is much smaller than those on both sides of it is completed with the enhanced blood that lies beside it,
within a circle of its neighbours' size. It misleads where the vessel is truly narrow there (coarctation) and another
enhanced vessel touches it: a completed section is told as such.
"""

from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.centreline import SECTION_MM, STEP_MM, Plane
from imaging.volume import Volume

NEIGHBOUR_MM = 40.0  # how far along the line a section is compared: some diameters
DIP_SHARE = 0.85  # of the smaller neighbour's area; a normal aorta tapers far less within 40 mm
LARGER = 1.05  # the circle's radius over that of the neighbour's area: vessels are not quite round
BLOOD_ABOVE_HU = 150  # above soft tissue and thrombus (< 100), below enhanced false lumen on arterial phase
BRIDGE_MM = 1.5  # what is thinner is a branch or noise, and a gap this thin is the flap between the lumens
SHIFT_MM = 2.0  # grid of the circle's middle


def missing_size_mm2(areas_mm2: NDArray[np.float64], at: int, every_mm: float = STEP_MM) -> float | None:
    """Return the neighbours' area (mm2) where the section `at` dips below it, else None. NaN areas are passed over."""
    reach = int(NEIGHBOUR_MM / every_mm)
    before, after = areas_mm2[max(0, at - reach) : at], areas_mm2[at + 1 : at + 1 + reach]
    if not np.isfinite(before).any() or not np.isfinite(after).any():
        return None
    expected = float(min(np.nanmax(before), np.nanmax(after)))
    return expected if areas_mm2[at] < DIP_SHARE * expected else None


def completed(plane: Plane, volume: Volume, expected_mm2: float) -> NDArray[np.bool_]:
    """Return the cut (N, N) with the enhanced blood beside it that fits into a circle of the expected size."""
    hu = ndimage.map_coordinates(
        volume.hu,
        np.moveaxis(plane.voxels, -1, 0),
        order=1,
        output=np.float32,
        cval=-1000.0,
    )
    blood = (hu > BLOOD_ABOVE_HU) | plane.cut
    radius = LARGER * sqrt(expected_mm2 / pi)
    circle = _best_circle(plane.cut, blood, radius)
    ball = _disc(BRIDGE_MM)
    joined = ndimage.binary_opening(blood & circle, ball) | plane.cut
    joined = ndimage.binary_closing(joined, ball) | joined
    pieces, _ = ndimage.label(joined)
    kept = np.unique(pieces[plane.cut])
    return np.isin(pieces, kept[kept > 0])


def _best_circle(cut: NDArray[np.bool_], blood: NDArray[np.bool_], radius_mm: float) -> NDArray[np.bool_]:
    """The circle near the cut's middle that holds most of the cut and then most blood."""
    rows, columns = np.indices(cut.shape) * SECTION_MM
    r0, c0 = rows[cut].mean(), columns[cut].mean()
    best, best_score = cut, -np.inf
    steps = np.arange(-radius_mm, radius_mm + SHIFT_MM, SHIFT_MM)
    for dr in steps:
        for dc in steps:
            circle = (rows - r0 - dr) ** 2 + (columns - c0 - dc) ** 2 <= radius_mm**2
            held = (circle & cut).sum() / cut.sum()
            score = held * 10 + (circle & blood).sum() / circle.sum()  # holding the cut comes first
            if score > best_score:
                best, best_score = circle, score
    return best


def _disc(radius_mm: float) -> NDArray[np.bool_]:
    reach = int(radius_mm / SECTION_MM)
    rows, columns = np.indices((2 * reach + 1, 2 * reach + 1)) - reach
    return np.asarray(rows**2 + columns**2 <= reach**2)

"""Where is the aorta? Its limb beside the spine, the one before the trachea, and the arch over both.

Both limbs are followed as round tubes, with or without contrast; the arch is a bow between their upper ends.
It misleads at an aneurysm wider than 44 mm, a dissected or right-sided aorta, and where no fat or lung lies around.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.segment.coarse import Coarse, Mask
from imaging.segment.tube import Disc, follow, longest_run, rim

DESCENDING_RADII_MM = np.arange(
    7.0, 20.0, 1.5
)  # normal 10-14 (Wolak 2008, doi:10.1016/j.jcmg.2007.11.005); wider to 40
ASCENDING_RADII_MM = np.arange(11.0, 23.0, 1.5)  # normal 14-20 (same)
BEFORE_SPINE_MM, BESIDE_SPINE_MM = (85.0, -4.0), (-14.0, 55.0)  # to the front, to the patient's left
OFF_SPINE_MM = 24.0  # the centre of a vessel of 8 mm and more before a vertebral body of 16 mm and more
LEAST_SCORE = 0.55  # of a disc; below, less than half of its rim ends
LEAST_RUN_MM = 35.0  # shorter: not claimed to be the aorta
RIM_MM = 6.0  # from the disc's radius to where its rim may be


@dataclass(frozen=True, kw_only=True)
class Aorta:
    """The mask (Z, Y, X), the discs of the limbs from low to high, and why it is empty."""

    mask: Mask
    descending: tuple[Disc, ...]
    ascending: tuple[Disc, ...]
    blood_hu: float | None
    why: str


def aorta(grid: Coarse, way_mm: NDArray[np.float64], lungs: Mask) -> Aorta:
    """Return the aorta as far as it is seen.

    Args: way_mm: (Z, 2) y, x of the spine in mm on this grid, NaN where it does not run; lungs: no vessel lies there.
    """
    none = np.zeros(grid.hu.shape, bool)
    slices = [int(z) for z in np.flatnonzero(~np.isnan(way_mm[:, 0]))]
    if not slices:
        return Aorta(mask=none, descending=(), ascending=(), blood_hu=None, why="no spine to look beside was found")
    way = way_mm[slices]
    area = np.stack(
        [
            way[:, 0] - BEFORE_SPINE_MM[0],
            way[:, 0] - BEFORE_SPINE_MM[1],
            way[:, 1] + BESIDE_SPINE_MM[0],
            way[:, 1] + BESIDE_SPINE_MM[1],
        ],
        axis=1,
    )
    keep_off = _around(grid, way_mm, OFF_SPINE_MM)
    descending = longest_run(follow(grid, slices, area, DESCENDING_RADII_MM, keep_off), grid, LEAST_SCORE)
    if not descending or (descending[-1].z - descending[0].z + 1) * grid.spacing_mm[2] < LEAST_RUN_MM:
        why = "no round vessel was found beside the spine over 35 mm"
        return Aorta(mask=none, descending=(), ascending=(), blood_hu=None, why=why)
    mask = none.copy()
    for disc in descending:
        _draw(mask, grid, disc)
    blood_hu = float(np.median([disc.hu for disc in descending]))
    return Aorta(mask=mask, descending=tuple(descending), ascending=(), blood_hu=blood_hu, why="")


def _draw(mask: Mask, grid: Coarse, disc: Disc) -> None:
    """Fill the disc's star-shaped rim into its slice."""
    reach = rim(grid, disc, RIM_MM)
    _, height, width = mask.shape
    y = (np.arange(height)[:, None] - disc.y) * grid.spacing_mm[1]
    x = (np.arange(width)[None, :] - disc.x) * grid.spacing_mm[0]
    turn = np.arctan2(y, x) % (2 * np.pi) / (2 * np.pi) * len(reach)
    low = np.floor(turn).astype(np.intp) % len(reach)
    share = turn - np.floor(turn)
    limit = (1 - share) * reach[low] + share * reach[(low + 1) % len(reach)]
    mask[disc.z] |= np.hypot(y, x) <= limit


def _around(grid: Coarse, way_mm: NDArray[np.float64], radius_mm: float) -> Mask:
    _, height, width = grid.hu.shape
    y = np.arange(height)[None, :, None] * grid.spacing_mm[1] - way_mm[:, 0, None, None]
    x = np.arange(width)[None, None, :] * grid.spacing_mm[0] - way_mm[:, 1, None, None]
    near: Mask = np.hypot(y, x) < radius_mm
    return near

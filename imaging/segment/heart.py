"""Where does the heart lie? What fills the middle of the chest between the lungs, from the carina to the diaphragm.

A region, not chambers: with its great vessels' roots and the fat in its grooves; the sac and an effusion count to it.
"""

import numpy as np
from numpy.typing import NDArray

from imaging.segment.coarse import Coarse, Mask, largest
from imaging.segment.solid import smoothed

TISSUE_HU = -10.0  # averaged; above fat
NECK_MM = 9.0  # radius of the ball that does not enter the great vessels above, the gullet and the chest wall
BEFORE_SPINE_MM = 22.0  # the heart's back wall from the middle of a vertebral body's back part
FRONT_MM = 3.0  # behind the lungs' front edge; the breastbone lies before it
LEAST_ML, MOST_ML = 120.0, 2000.0  # a part at the scan's end; a huge heart
LEAST_HEIGHT_MM = 35.0
REGROWN_MM = 6.0  # what the ball left out at the edge of the heart itself


def heart(
    grid: Coarse,
    *,
    free: Mask,
    inside: Mask,
    floor: float,
    top: int,
) -> tuple[Mask, str]:
    """Return the heart's region, or an empty mask and why.

    Args: free: tissue that no other organ took; inside: `between_lungs`; floor: the lowest slice the
    heart may reach; top: the slice where the heart ends: the carina's.
    """
    none = np.zeros(grid.hu.shape, bool)
    if not inside.any():
        return none, "the heart is looked for between two lungs, which are not both in the scan"
    room = inside & free & (smoothed(grid) > TISSUE_HU)
    room[: max(0, round(floor))] = False
    room[top + 1 :] = False
    found = largest(grid.opened(room, NECK_MM))
    height_mm = float(found.any(axis=(1, 2)).sum()) * grid.spacing_mm[2]
    if not LEAST_ML <= grid.ml(found) <= MOST_ML or height_mm < LEAST_HEIGHT_MM:
        return none, "no mass of a heart's size lies between the lungs"
    return grid.grown(found, REGROWN_MM) & room, ""


def between_lungs(grid: Coarse, right: Mask, left: Mask, way: NDArray[np.float64]) -> Mask:
    """Return what has a lung on both sides, before the spine and behind the lungs' front edge: no bone lies there.

    Args: way: (Z, 2) the spine's y, x in voxels.
    """
    rows = np.arange(grid.hu.shape[1])[None, :]
    lung_rows = np.any(right | left, axis=2)
    front = np.where(lung_rows.any(axis=-1), lung_rows.argmax(axis=-1), grid.hu.shape[1])
    before_spine = (rows - way[:, :1]) * grid.spacing_mm[1] < -BEFORE_SPINE_MM
    behind_wall = rows >= front[:, None] + FRONT_MM / grid.spacing_mm[1]
    between = _beside(right, step=1) & _beside(left, step=-1)
    return between & (before_spine & behind_wall)[:, :, None]


def _beside(lung: Mask, step: int) -> Mask:
    """Return what has the lung beside it in its row: to the right (step 1, lower x) or to the left (step -1)."""
    result: Mask = np.logical_or.accumulate(lung[:, :, ::step], axis=2)[:, :, ::step]
    return result

"""Where is the body, without the table and what lies beside it?"""

import numpy as np
from scipy import ndimage

from imaging.segment.coarse import Coarse, Mask, filled

TISSUE_ABOVE_HU = -300.0  # between fat (-100) and air; partial volume of the skin falls on either side
TABLE_MM = 5.0  # radius of the ball that does not enter a table top or a sheet, and does enter an arm
LEAST_PART_ML = 150.0  # per part: an arm is more, a cushion's edge less
OUTSIDE_BELOW_HU = -920.0  # mean of room air with what borders on it; a lung cut by a small field is above
LEAST_BODY_ML = 500.0  # less is no patient: a phantom's rod, a table alone


def body(grid: Coarse) -> Mask:
    """Return the body (Z, Y, X) with the air in it: lungs, bowel. Nothing is True when there is no body.

    Misleads: where an arm lies on the body both are one; a thick cushion of tissue's density may stay.
    """
    tissue = grid.opened(grid.hu > TISSUE_ABOVE_HU, TABLE_MM)
    labels, count = ndimage.label(tissue)
    if count == 0:
        return np.zeros(grid.hu.shape, bool)
    size = np.bincount(labels.ravel()) * grid.voxel_ml
    size[0] = 0
    if size.max() < LEAST_BODY_ML:
        return np.zeros(grid.hu.shape, bool)
    kept = size >= min(LEAST_PART_ML, size.max())
    inside = kept[labels]
    return _with_cut_lungs(grid, filled(inside))


def _with_cut_lungs(grid: Coarse, inside: Mask) -> Mask:
    """A picture smaller than the body cuts the lungs open: air at its sides that is not pure belongs to the body."""
    labels, _ = ndimage.label((grid.hu <= TISSUE_ABOVE_HU) & ~inside)
    sides = np.concatenate([one.ravel() for one in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1])])
    size = np.bincount(labels.ravel()) * grid.voxel_ml
    result = inside.copy()
    for one in np.unique(sides[sides > 0]):
        part = labels == one
        if size[one] >= LEAST_PART_ML and grid.hu[part].mean() > OUTSIDE_BELOW_HU:
            result |= part
    return result

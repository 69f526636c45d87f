"""Where are the lungs, with what sticks to their walls?

Classical and quick: air that is not outside the body, then closed with a ball so that vessels and the nodules that
touch the pleura are inside. On a grid of about 2 mm; finer would not change which blocks are looked at.
It misleads where lung is not aerated: a consolidated lobe, a large effusion or a mass wider than twice the closing
radius that has no lung around it falls outside the mask. No lung is found in an abdomen, and that is said.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.morphology import closed
from imaging.volume import Volume

GRID_MM = 2.0
COARSE_MM = 4.0  # for telling the lungs from other air; the wall of the chest is thicker than this
LUNG_BELOW_HU = -500  # about half way between aerated lung (-850) and soft tissue (40)
GAS_BELOW_HU = -960  # mean of room air and of bowel gas; even emphysematous lungs average above
OUTSIDE_BELOW_HU = -920  # mean of what touches the border and is outside; a lung cut by a small field is above
LEAST_LUNG_ML = 100  # smaller pockets of air are bowel or trachea
LEAST_SHARE = 0.1  # of the largest: the smaller lung of a pair is not below a tenth
CLOSING_MM = 12.0  # nodules up to 24 mm at the pleura stay in; larger radii take in the heart's borders


@dataclass(frozen=True, kw_only=True)
class LungMask:
    """`mask` (MZ, MY, MX) has one value for each `step` (x, y, z) voxels; `lung_hu` is the median of aerated lung."""

    mask: NDArray[np.bool_]
    step: tuple[int, int, int]
    lung_hu: float
    aerated_ml: float


def lungs(volume: Volume) -> LungMask | None:
    """Return the lung mask, or None when the scan shows no aerated lung."""
    x, y, z = (max(1, round(GRID_MM / mm)) for mm in volume.spacing_mm)
    dx, dy, dz = volume.spacing_mm
    spacing = dx * x, dy * y, dz * z
    hu = np.ascontiguousarray(volume.hu[::z, ::y, ::x])
    air = hu < LUNG_BELOW_HU
    if volume.padding is not None:
        air &= ~volume.padding[::z, ::y, ::x]
    skip = tuple(max(1, round(COARSE_MM / mm)) for mm in spacing[::-1])
    coarse = tuple(slice(None, None, one) for one in skip)
    core = _lung_components(hu[coarse], air[coarse], float(np.prod(spacing) * np.prod(skip)) / 1000)
    if core is None:
        return None
    aerated = air & _stretched(ndimage.binary_dilation(core, np.ones((3, 3, 3), bool)), skip, air.shape)
    used = [np.flatnonzero(aerated.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    box = tuple(slice(int(at[0]), int(at[-1]) + 1) for at in used)
    mask = np.zeros_like(aerated)
    mask[box] = closed(aerated[box], CLOSING_MM, spacing)
    return LungMask(
        mask=mask,
        step=(x, y, z),
        lung_hu=float(np.median(hu[coarse][core])),
        aerated_ml=float(aerated.sum() * np.prod(spacing) / 1000),
    )


def _lung_components(hu: NDArray[np.int16], air: NDArray[np.bool_], voxel_ml: float) -> NDArray[np.bool_] | None:
    """Return True at the air of the lungs; decided on every second point or so, which is far finer than a lung."""
    labels, _ = ndimage.label(air)
    size = np.bincount(labels.ravel())
    size[0] = 0
    sides = np.concatenate([one.ravel() for one in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1])])
    at_border = set(np.unique(sides).tolist())
    keep = np.zeros(len(size), bool)
    for one in np.flatnonzero(size * voxel_ml >= LEAST_LUNG_ML):
        mean_hu = hu[labels == one].mean()
        keep[one] = mean_hu > (OUTSIDE_BELOW_HU if int(one) in at_border else GAS_BELOW_HU)
    keep &= size >= LEAST_SHARE * size[keep].max(initial=0)
    return keep[labels] if keep.any() else None


def _stretched(mask: NDArray[np.bool_], by: tuple[int, ...], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    for axis, one in enumerate(by):
        mask = np.repeat(mask, one, axis=axis)
    return mask[tuple(slice(0, n) for n in shape)]

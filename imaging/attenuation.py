"""How dense is an organ inside, away from its rim and its vessels?"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.absent import Absent
from imaging.morphology import grown
from imaging.volume import Volume

LEAST_VOXELS = 100  # for a median that noise of 30 HU moves by less than 4 HU (1.25 x 30 / sqrt 100)
VESSEL_MADS = 3.0  # robust spreads from the median: what lies beyond is vessel, gas, calcium or a lesion
MAD_TO_SD = 1.4826  # of a normal distribution
CORRELATED_VOXELS = 30  # CT noise is correlated over some mm: so many voxels count as one, a careful choice


@dataclass(frozen=True, kw_only=True)
class Attenuation:
    """Median inside, its standard error (noise only, in HU), the spread between voxels, and how many were used."""

    median_hu: float
    error_hu: float
    spread_hu: float
    voxels: int


def inner(mask: NDArray[np.bool_], volume: Volume, depth_mm: float) -> NDArray[np.bool_]:
    """Return the voxels of a mask (Z, Y, X) that lie at least `depth_mm` inside it."""
    if not mask.any():
        return mask
    box = boxed(mask)
    shallow = grown(~np.pad(mask[box], 1), depth_mm, volume.spacing_mm)
    result = np.zeros_like(mask)
    result[box] = ~shallow[1:-1, 1:-1, 1:-1]
    return result


def attenuation(mask: NDArray[np.bool_], volume: Volume, depth_mm: float) -> Attenuation | Absent:
    """Return the attenuation of a mask's inside; Absent when too little of it is left."""
    inside = inner(mask, volume, depth_mm)
    if volume.padding is not None:
        inside &= ~volume.padding
    values = volume.hu[inside].astype(float)
    if len(values) < LEAST_VOXELS:
        return Absent(reason=f"too little of it lies more than {depth_mm:g} mm inside")
    middle = float(np.median(values))
    spread = MAD_TO_SD * float(np.median(np.abs(values - middle)))
    kept = values[np.abs(values - middle) <= VESSEL_MADS * max(spread, 1.0)]
    noise = float(kept.std())
    effective = max(1.0, len(kept) / CORRELATED_VOXELS)
    return Attenuation(
        median_hu=float(np.median(kept)), error_hu=1.25 * noise / effective**0.5, spread_hu=noise, voxels=len(kept)
    )


def boxed(mask: NDArray[np.bool_], margin: int = 0) -> tuple[slice, slice, slice]:
    """Return the box around the True voxels of a mask (Z, Y, X) that has some."""
    box = []
    for axis, axes in enumerate(((1, 2), (0, 2), (0, 1))):
        at = np.flatnonzero(mask.any(axis=axes))
        box.append(slice(max(0, int(at[0]) - margin), min(mask.shape[axis], int(at[-1]) + 1 + margin)))
    return box[0], box[1], box[2]


def is_cut_off(mask: NDArray[np.bool_], volume: Volume) -> bool:
    """Whether a mask reaches the first or last slice, the border of the picture, or what was not reconstructed.

    A touch of less than a thousandth of the mask is taken for a stray voxel.
    """
    ends = int(mask[0].sum() + mask[-1].sum())
    sides = int(mask[:, [0, -1]].sum() + mask[:, :, [0, -1]].sum())
    beside = 0
    if volume.padding is not None and mask.any():
        box = boxed(mask, margin=1)
        if volume.padding[box].any():
            beside = int((mask[box] & ndimage.binary_dilation(volume.padding[box])).sum())
    return ends + sides + beside > ceil(mask.sum() / 1000)

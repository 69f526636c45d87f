"""Which voxels are the lump at a place of a scan, and what do they look like in the bank's numbers?"""

import numpy as np
from numpy.typing import NDArray

from imaging.bank.descriptor import AROUND_MM, describe
from imaging.outline import AS_READERS, Outline, outline
from imaging.volume import Volume

Point = tuple[float, float, float]

REACHES_MM = (10.0, 18.0)  # half sides of the boxes that are looked at: as wide as the largest lump
LARGEST_MM = 35.0  # across; the annotated nodules end at 32 mm, a wider outline has run into something else


def numbers_at(volume: Volume, centre_lps_mm: Point, radius_mm: float) -> NDArray[np.float32]:
    """Return the numbers (F,) of what lies at a place: its outline, or a ball where no edge is found.

    A ball of `radius_mm` stands in within a wall or an organ, where there is no lung to end at.
    """
    offset, mask = _mask(volume, centre_lps_mm, radius_mm)
    spacing_zyx = volume.spacing_mm[::-1]
    wide = [0, *(int(np.ceil(AROUND_MM / mm)) + 1 for mm in spacing_zyx[1:])]
    low = [max(at - w, 0) for at, w in zip(offset, wide, strict=True)]
    box = tuple(
        slice(a, min(at + n + w, most))
        for a, at, n, w, most in zip(low, offset, mask.shape, wide, volume.hu.shape, strict=True)
    )
    hu = volume.hu[box]
    inside = np.zeros(hu.shape, bool)
    inside[tuple(slice(at - a, at - a + n) for at, a, n in zip(offset, low, mask.shape, strict=True))] = mask
    return describe(hu, inside, spacing_zyx)


def _mask(volume: Volume, centre_lps_mm: Point, radius_mm: float) -> tuple[tuple[int, ...], NDArray[np.bool_]]:
    drawn = outline(volume, centre_lps_mm, AS_READERS, REACHES_MM)
    if isinstance(drawn, Outline) and not drawn.touches_edge:
        widest = max(n * mm for n, mm in zip(drawn.mask.shape, volume.spacing_mm[::-1], strict=True))
        if widest <= LARGEST_MM:
            return drawn.offset_zyx, drawn.mask
    at = volume.to_voxel(np.array(centre_lps_mm))[::-1]
    spacing = np.array(volume.spacing_mm[::-1])
    at = np.clip(at, 0, np.array(volume.hu.shape) - 1)
    low = np.maximum(np.floor(at - radius_mm / spacing).astype(int), 0)
    high = np.minimum(np.ceil(at + radius_mm / spacing).astype(int) + 1, volume.hu.shape)
    grid = np.indices(tuple(high - low)).transpose(1, 2, 3, 0) + low
    ball = (np.square((grid - at) * spacing).sum(-1) <= radius_mm**2) | (np.abs(grid - at) <= 0.5).all(-1)
    return tuple(int(n) for n in low), ball

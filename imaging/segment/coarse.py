"""How is a volume looked at on a coarser grid, and a mask brought back? Blocks averaged, and repeated again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.morphology import closed, grown
from imaging.volume import Volume

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Coarse:
    """`hu` float32 (Z, Y, X), the mean of `step` (x, y, z) voxels each; `shape` is that of the volume it came from."""

    hu: NDArray[np.float32]
    spacing_mm: tuple[float, float, float]
    step: tuple[int, int, int]
    shape: tuple[int, int, int]

    @property
    def sampling(self) -> tuple[float, float, float]:
        """Spacing in mm along the axes of the array: z, y, x."""
        return self.spacing_mm[2], self.spacing_mm[1], self.spacing_mm[0]

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in mL."""
        return float(np.prod(self.spacing_mm)) / 1000

    def ml(self, mask: Mask) -> float:
        """Return the volume of a mask in mL."""
        return float(np.count_nonzero(mask)) * self.voxel_ml

    def fine(self, mask: Mask) -> Mask:
        """Return a mask of this grid on the volume's grid."""
        z, y, x = self.shape
        return self._repeated(mask)[:z, :y, :x]

    def put(self, number: int, mask: Mask, voxels: NDArray[np.uint8]) -> None:
        """Write a number into `voxels`, on the volume's grid, where the mask of this grid lies."""
        if not mask.any():
            return
        box = box_around(mask, [0, 0, 0])
        place = voxels[
            tuple(slice(one.start * by, one.stop * by) for one, by in zip(box, self.step[::-1], strict=True))
        ]
        z, y, x = place.shape
        place[self._repeated(mask[box])[:z, :y, :x]] = number

    def _repeated(self, mask: Mask) -> Mask:
        for axis, by in enumerate(self.step[::-1]):
            mask = np.repeat(mask, by, axis=axis)
        return mask

    def grown(self, mask: Mask, by_mm: float) -> Mask:
        """Return every voxel that lies within `by_mm` of the mask."""
        return grown(mask, by_mm, self.spacing_mm)

    def shrunk(self, mask: Mask, by_mm: float) -> Mask:
        """Return the voxels of the mask that lie farther than `by_mm` from its edge; the end of the scan is no edge."""
        if not mask.any():
            return mask.copy()
        box = box_around(mask, [1, 1, 1])
        result = np.zeros_like(mask)
        result[box] = ~grown(~mask[box], by_mm, self.spacing_mm)
        return result

    def opened(self, mask: Mask, radius_mm: float) -> Mask:
        """Return what of the mask a ball can reach from inside; the end of the scan counts as inside."""
        result: Mask = ~closed(~mask, radius_mm, self.spacing_mm)
        return result & mask

    def closed(self, mask: Mask, radius_mm: float) -> Mask:
        """Return the mask with the dents filled that a ball cannot enter."""
        result: Mask = closed(mask, radius_mm, self.spacing_mm)
        return result


def coarse(volume: Volume, aim_mm: float) -> Coarse:
    """Return the volume with voxels as near to `aim_mm` as whole blocks allow; coarser ones stay as they are."""
    step = tuple(max(1, round(aim_mm / mm)) for mm in volume.spacing_mm)
    x, y, z = step
    hu = volume.hu
    pads = [(0, -n % by) for n, by in zip(hu.shape, (z, y, x), strict=True)]
    if any(after for _, after in pads):
        hu = np.pad(hu, pads, mode="edge")
    total = np.zeros([n // by for n, by in zip(hu.shape, (z, y, x), strict=True)], np.float32)
    for k, j, i in np.ndindex(z, y, x):  # whole numbers below 2^24: exact in any order
        total += hu[k::z, j::y, i::x]
    dx, dy, dz = volume.spacing_mm
    depth, height, width = volume.hu.shape
    return Coarse(
        hu=total / np.float32(z * y * x),
        spacing_mm=(dx * x, dy * y, dz * z),
        step=(x, y, z),
        shape=(depth, height, width),
    )


def largest(mask: Mask) -> Mask:
    """Return the largest connected part; nothing when the mask is empty."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return np.zeros_like(mask)
    size = np.bincount(labels.ravel())
    size[0] = 0
    result: Mask = labels == size.argmax()
    return result


def touching(mask: Mask, seeds: Mask) -> Mask:
    """Return the connected parts of the mask that hold a seed."""
    labels, count = ndimage.label(mask)
    keep = np.zeros(count + 1, bool)
    keep[np.unique(labels[seeds & mask])] = True
    keep[0] = False
    result: Mask = keep[labels]
    return result


def filled(mask: Mask) -> Mask:
    """Return the mask with the holes of every axial slice filled."""
    result = np.zeros_like(mask)
    for z in np.flatnonzero(mask.any(axis=(1, 2))):
        rows, columns = np.flatnonzero(mask[z].any(axis=1)), np.flatnonzero(mask[z].any(axis=0))
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        result[z][part] = ndimage.binary_fill_holes(mask[z][part])
    return result


def box_around(mask: Mask, margin: list[int]) -> tuple[slice, slice, slice]:
    """Return the box of a mask that is not empty, wider by a margin (z, y, x) as far as the array goes."""
    parts = []
    for axis, more in enumerate(margin):
        at = np.flatnonzero(mask.any(axis=tuple(one for one in range(3) if one != axis)))
        parts.append(slice(max(0, int(at[0]) - more), min(mask.shape[axis], int(at[-1]) + 1 + more)))
    return parts[0], parts[1], parts[2]

"""How is a volume looked at on a coarser grid, and a mask brought back? Blocks averaged, and repeated again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.morphology import closed
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
        for axis, by in enumerate(self.step[::-1]):
            mask = np.repeat(mask, by, axis=axis)
        z, y, x = self.shape
        return mask[:z, :y, :x]

    def grown(self, mask: Mask, by_mm: float) -> Mask:
        """Return every voxel that lies within `by_mm` of the mask."""
        if not mask.any():
            return mask.copy()
        box = box_around(mask, [int(by_mm / mm) + 1 for mm in self.sampling])
        result = np.zeros_like(mask)
        result[box] = ndimage.distance_transform_edt(~mask[box], self.sampling) <= by_mm
        return result

    def shrunk(self, mask: Mask, by_mm: float) -> Mask:
        """Return the voxels of the mask that lie farther than `by_mm` from its edge; the end of the scan is no edge."""
        if not mask.any():
            return mask.copy()
        box = box_around(mask, [1, 1, 1])
        result = np.zeros_like(mask)
        result[box] = ndimage.distance_transform_edt(mask[box], self.sampling) > by_mm
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
    blocks = hu.reshape(hu.shape[0] // z, z, hu.shape[1] // y, y, hu.shape[2] // x, x)
    dx, dy, dz = volume.spacing_mm
    depth, height, width = volume.hu.shape
    return Coarse(
        hu=blocks.mean(axis=(1, 3, 5), dtype=np.float32),
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
        result[z] = ndimage.binary_fill_holes(mask[z])
    return result


def box_around(mask: Mask, margin: list[int]) -> tuple[slice, slice, slice]:
    """Return the box of a mask that is not empty, wider by a margin (z, y, x) as far as the array goes."""
    parts = []
    for axis, more in enumerate(margin):
        at = np.flatnonzero(mask.any(axis=tuple(one for one in range(3) if one != axis)))
        parts.append(slice(max(0, int(at[0]) - more), min(mask.shape[axis], int(at[-1]) + 1 + more)))
    return parts[0], parts[1], parts[2]

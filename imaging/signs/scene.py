"""The scan on a grid of about 2 mm, with its large parts told apart: what signs are looked for in.

`lungs` are the labelled ones; `hull` is each lung's outline without its dents, slice by slice, so that a consolidated
part with lung around it lies inside; `chest` is what the ribs enclose. Where a part can't be had it is `Absent`, and
every sign that needs it says so.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from imaging.absent import Absent
from imaging.attenuation import boxed
from imaging.labels import Labels
from imaging.volume import Volume

GRID_MM = 2.0  # finer than any sign that is looked for on it
BONE_ABOVE_HU = 200  # ribs after averaging to 2 mm; soft tissue with contrast is mostly below, and is small in number
LEAST_BONE_ML = 20.0  # a connected skeleton; calcium and contrast pieces are smaller
RIB_MM = 6.0  # thickness of a rib and the muscle inside it
RIB_PITCH_MM = 20.0  # ribs fall from slice to slice: those within so much outline one slice
LEAST_POINTS = 8  # for a hull

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """`hu` (Z, Y, X) float32, means of `step` (z, y, x) voxels; `spacing_mm` z, y, x; masks have the same shape."""

    hu: NDArray[np.float32]
    spacing_mm: tuple[float, float, float]
    step: tuple[int, int, int]
    volume: Volume
    labels: Labels
    coarse: Labels
    lungs: Mask | Absent
    hull: Mask | Absent
    chest: Mask | Absent
    bone: Mask

    @property
    def voxel_ml(self) -> float:
        """Volume of one grid voxel."""
        return float(np.prod(self.spacing_mm)) / 1000

    def organ(self, name: str) -> Mask | Absent:
        """Return a labelled organ on this grid."""
        return self.coarse.mask(name)

    def near(self, names: tuple[str, ...], reach_mm: float) -> Mask:
        """Return what lies in or within `reach_mm` of organs, as far as they are labelled."""
        found = np.zeros(self.hu.shape, bool)
        for name in names:
            mask = self.organ(name)
            if not isinstance(mask, Absent):
                found |= mask
        return grown(found, reach_mm, self.spacing_mm)

    def smooth(self, sigma_mm: float) -> NDArray[np.float32]:
        """Return HU blurred with a Gaussian."""
        return np.asarray(ndimage.gaussian_filter(self.hu, [sigma_mm / mm for mm in self.spacing_mm]), np.float32)

    def to_lps(self, zyx: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return LPS mm (..., 3) of places on this grid (..., 3) given as z, y, x."""
        fine = np.asarray(zyx, float) * self.step + (np.array(self.step) - 1) / 2
        return self.volume.to_lps(fine[..., ::-1])


def scene(volume: Volume, labels: Labels) -> Scene:
    """Return the scan on the coarse grid."""
    x, y, z = (max(1, round(GRID_MM / mm)) for mm in volume.spacing_mm)
    step = (z, y, x)
    spacing = tuple(mm * n for mm, n in zip(volume.spacing_mm[::-1], step, strict=True))
    spacing_mm = (spacing[0], spacing[1], spacing[2])
    hu = _averaged(volume.hu, step)
    bone = _bone(hu, float(np.prod(spacing_mm)) / 1000)
    coarse = replace(labels, voxels=strided(labels.voxels, step))
    lungs = coarse.mask("lungs")
    return Scene(
        hu=hu,
        spacing_mm=spacing_mm,
        step=step,
        volume=volume,
        labels=labels,
        coarse=coarse,
        lungs=lungs,
        hull=lungs if isinstance(lungs, Absent) else _hulls(lungs),
        chest=lungs if isinstance(lungs, Absent) else _chest(bone, lungs, spacing_mm),
        bone=bone,
    )


def strided(voxels: NDArray[Any], step: tuple[int, int, int]) -> NDArray[Any]:
    """Return a volume on the coarse grid: the voxel nearest to each coarse one's middle."""
    ends = (((s - 1) // 2, (s - 1) // 2 + (n // s - 1) * s + 1, s) for n, s in zip(voxels.shape, step, strict=True))
    return np.ascontiguousarray(voxels[tuple(slice(*one) for one in ends)])


def grown(mask: Mask, reach_mm: float, spacing_mm: tuple[float, float, float]) -> Mask:
    """Return what lies in or within `reach_mm` of a mask."""
    if reach_mm <= 0 or not mask.any():
        return mask
    box = boxed(mask, margin=int(np.ceil(reach_mm / min(spacing_mm))))
    result = np.zeros_like(mask)
    result[box] = ndimage.distance_transform_edt(~mask[box], sampling=spacing_mm) <= reach_mm
    return result


def closed(mask: Mask, reach_mm: float, spacing_mm: tuple[float, float, float]) -> Mask:
    """Return a mask with gaps filled that are narrower than twice the reach."""
    wide = grown(mask, reach_mm, spacing_mm)
    return np.asarray(ndimage.distance_transform_edt(wide, sampling=spacing_mm) > reach_mm) | mask


def opened(mask: Mask, radius_mm: float, spacing_mm: tuple[float, float, float]) -> Mask:
    """Return what of a mask a ball of the radius fits into."""
    if not mask.any():
        return mask
    box = boxed(mask)
    part = mask[box]
    core = ndimage.distance_transform_edt(np.pad(part, 1), sampling=spacing_mm)[1:-1, 1:-1, 1:-1] > radius_mm
    result = np.zeros_like(mask)
    result[box] = grown(np.asarray(core), radius_mm, spacing_mm) & part
    return result


def _averaged(hu: NDArray[np.int16], step: tuple[int, int, int]) -> NDArray[np.float32]:
    z, y, x = (n // s for n, s in zip(hu.shape, step, strict=True))
    kept = hu[: z * step[0], : y * step[1], : x * step[2]]
    return kept.reshape(z, step[0], y, step[1], x, step[2]).mean(axis=(1, 3, 5), dtype=np.float32)


def _bone(hu: NDArray[np.float32], voxel_ml: float) -> Mask:
    pieces, _ = ndimage.label(hu > BONE_ABOVE_HU)
    size = np.bincount(pieces.ravel()) * voxel_ml
    size[0] = 0
    return (size >= min(LEAST_BONE_ML, max(size.max(), 1.0)))[pieces] & (pieces > 0)


def _hulls(lungs: Mask) -> Mask:
    """Each half of the picture's lung, slice by slice, without dents; halves are told by the lungs' own middle."""
    middle = int(np.mean(np.flatnonzero(lungs.any(axis=(0, 1)))))
    result = lungs.copy()
    for z in np.flatnonzero(lungs.any(axis=(1, 2))):
        for side in (slice(0, middle), slice(middle, None)):
            result[z, :, side] |= _convex(lungs[z, :, side])
    return result


def _chest(bone: Mask, lungs: Mask, spacing_mm: tuple[float, float, float]) -> Mask | Absent:
    """The inside of the ribs in the slices that show lung."""
    result = np.zeros_like(bone)
    reach = max(1, round(RIB_PITCH_MM / spacing_mm[0]))
    found = False
    for z in np.flatnonzero(lungs.any(axis=(1, 2))):
        ribs = bone[max(0, z - reach) : z + reach + 1].any(axis=0)
        outline = _convex(ribs)
        if (outline & lungs[z]).sum() < 0.9 * lungs[z].sum():  # the ribs do not go around the lung here
            continue
        inside = ndimage.distance_transform_edt(np.pad(outline, 1), sampling=spacing_mm[1:])[1:-1, 1:-1] > RIB_MM
        result[z] = inside | (lungs[z] & outline)
        found = True
    return result if found else Absent(reason="the ribs do not outline the chest in this scan")


def _convex(picture: NDArray[Any] | np.bool_) -> Mask:
    """The convex hull of a picture's True pixels (rows, columns)."""
    mask: Mask = np.asarray(picture)
    at = np.argwhere(mask)
    if len(at) < LEAST_POINTS:
        return mask
    try:
        sides = ConvexHull(at).equations
    except QhullError:  # all on one line
        return mask
    rows, columns = np.arange(mask.shape[0])[:, None], np.arange(mask.shape[1])[None, :]
    inside = np.ones(mask.shape, bool)
    for a, b, c in sides:
        inside &= a * rows + b * columns + c <= 1e-6
    return inside

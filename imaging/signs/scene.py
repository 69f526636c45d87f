"""The scan on a grid of about 2 mm, with its large parts told apart: what signs are looked for in.

`lungs` are the labelled ones; `hull` is each lung's outline without its dents, slice by slice, so that a consolidated
part with lung around it lies inside; `chest` is what the ribs enclose. Where a part can't be had it is `Absent`, and
every sign that needs it says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from imaging import morphology
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

ALONE_MM = 1e6  # distance of slices that are looked at one by one

Mask = NDArray[np.bool_]
Seen = TypeVar("Seen")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """`hu` (Z, Y, X) float32, means of `step` (z, y, x) voxels; `spacing_mm` z, y, x; masks have the same shape.

    `kept` holds what was worked out of the scene once and is asked for by several signs.
    """

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
    kept: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def voxel_ml(self) -> float:
        """Volume of one grid voxel."""
        return float(np.prod(self.spacing_mm)) / 1000

    def organ(self, name: str) -> Mask | Absent:
        """Return a labelled organ on this grid."""
        found: Mask | Absent = self._once(name, lambda: self.coarse.mask(name))
        return found

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
        sigma = [sigma_mm / mm for mm in self.spacing_mm]
        blurred: NDArray[np.float32] = self._once(
            sigma_mm, lambda: np.asarray(ndimage.gaussian_filter(self.hu, sigma), np.float32)
        )
        return blurred

    def to_lps(self, zyx: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return LPS mm (..., 3) of places on this grid (..., 3) given as z, y, x."""
        fine = np.asarray(zyx, float) * self.step + (np.array(self.step) - 1) / 2
        return self.volume.to_lps(fine[..., ::-1])

    def _once(self, key: object, work_out: Callable[[], Any]) -> Any:
        if key not in self.kept:
            self.kept[key] = work_out()
        return self.kept[key]


def once(sign: Callable[[Scene], Seen]) -> Callable[[Scene], Seen]:
    """Return a sign that looks at each scene once, however many findings rest on it."""

    @wraps(sign)
    def looked(here: Scene) -> Seen:
        seen: Seen = here._once(sign, lambda: sign(here))
        return seen

    return looked


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
    return mask if reach_mm <= 0 else morphology.grown(mask, reach_mm, (spacing_mm[2], spacing_mm[1], spacing_mm[0]))


def eroded(mask: Mask, depth_mm: float, spacing_mm: tuple[float, float, float]) -> Mask:
    """Return what of a mask lies deeper than `depth_mm`; the end of the array is no edge."""
    return ~grown(~mask, depth_mm, spacing_mm)


def closed(mask: Mask, reach_mm: float, spacing_mm: tuple[float, float, float]) -> Mask:
    """Return a mask with gaps filled that are narrower than twice the reach."""
    return eroded(grown(mask, reach_mm, spacing_mm), reach_mm, spacing_mm) | mask


def opened(mask: Mask, radius_mm: float, spacing_mm: tuple[float, float, float]) -> Mask:
    """Return what of a mask a ball of the radius fits into."""
    if not mask.any():
        return mask
    box = boxed(mask)
    part = mask[box]
    core = eroded(np.pad(part, 1), radius_mm, spacing_mm)[1:-1, 1:-1, 1:-1]
    result = np.zeros_like(mask)
    result[box] = grown(core, radius_mm, spacing_mm) & part
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
    outlines = np.zeros_like(bone)
    reach = max(1, round(RIB_PITCH_MM / spacing_mm[0]))
    for z in np.flatnonzero(lungs.any(axis=(1, 2))):
        outline = _convex(bone[max(0, z - reach) : z + reach + 1].any(axis=0))
        if (outline & lungs[z]).sum() >= 0.9 * lungs[z].sum():  # else the ribs do not go around the lung here
            outlines[z] = outline
    if not outlines.any():
        return Absent(reason="the ribs do not outline the chest in this scan")
    in_plane = (ALONE_MM, *spacing_mm[1:])
    inside = eroded(np.pad(outlines, ((0, 0), (1, 1), (1, 1))), RIB_MM, in_plane)[:, 1:-1, 1:-1]
    return inside | (lungs & outlines)


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
    low, high = at.min(axis=0), at.max(axis=0) + 1
    rows, columns = np.arange(low[0], high[0])[:, None], np.arange(low[1], high[1])[None, :]
    inside = np.ones((rows.size, columns.size), bool)
    for a, b, c in sides:
        inside &= a * rows + b * columns + c <= 1e-6
    result = np.zeros_like(mask)
    result[low[0] : high[0], low[1] : high[1]] = inside
    return result

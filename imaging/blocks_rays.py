"""What lies around a place, seen along rays from it? HU sampled at given distances in given directions.

The kernels behind `lump`; users of numba, like `blocks`. Each place is worked out by itself in a fixed order, so the
result is the same bit for bit whatever the number of threads. `blocks_rays_numpy` holds the plain twins.

Values are *tissue*: 0 is this scan's aerated lung, 1 soft tissue. A ray ends where the tissue above the place's own
surroundings falls to half of what it is in the middle, or where it leaves the lung mask.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from imaging.lung_mask import LungMask

SOLID_HU = 30.0  # soft tissue without contrast; tissue 1
LOWEST_HU, HIGHEST_HU = -1000, 130  # contrast and calcium would rule every mean; soft tissue ends below
LEAST_TISSUE = 0.12  # of solid: below, noise would end rays by chance
CORE = 3  # the first radii of every ray, from 0 mm, whose mean is what the middle holds
STARTS = 3  # points along each axis of a block from which its tissue's middle is taken
CENTRINGS = 2  # rounds of moving to the middle between ray ends
LONGEST = 1.5  # times the median: longer rays (along a vessel) do not pull the middle further
MOST_MOVE_MM = 5.0  # in a round
NEAR_MM = 4.0  # further out one voxel of about 2 mm is as good: what lies there is averaged over many rays
OUT = -32768  # no HU: what is not in the lung mask
AROUND_MM = (8.0, 12.0, 16.0)  # where a place's surroundings are looked at
QUIETEST = 0.25  # the quantile of what lies around that is taken as the lung there, past vessels and wall


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What rays run through: HU (Z, Y, X) and mm a voxel along x, y, z; on the lung mask's grid `coarse` HU, OUT where
    no lung is, with `step` voxels (x, y, z) from one to the next; and the lung's own HU."""

    hu: NDArray[np.int16]
    spacing_mm: tuple[float, float, float]
    coarse: NDArray[np.int16]
    step: tuple[int, int, int]
    lung_hu: float

    @property
    def parts(self) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.float64], float, float]:
        """What a kernel takes: HU, coarse HU, its places a voxel, the lung's HU, tissue a HU."""
        return self.hu, self.coarse, 1 / np.array(self.step, float), self.lung_hu, 1 / (SOLID_HU - self.lung_hu)

    def offsets(self, rays: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return rays (D, 3) as voxels a mm."""
        return rays / np.array(self.spacing_mm)


def scene(hu: NDArray[np.int16], spacing_mm: tuple[float, float, float], lung: LungMask) -> Scene:
    """Return what rays through the lung of a volume see."""
    coarse = _coarse(hu, np.ascontiguousarray(lung.mask).view(np.uint8), *lung.step)
    return Scene(hu=hu, spacing_mm=spacing_mm, coarse=coarse, step=lung.step, lung_hu=lung.lung_hu)


def centred(
    through: Scene,
    centres: NDArray[np.float64],
    sides: NDArray[np.float64],
    rays: NDArray[np.float64],
    radii_mm: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the middle (N, 3) of what lies in each block, voxels x, y, z, and the tissue (N,) of the lung around.

    Args: centres, sides (N, 3) of the blocks, voxels; rays (D, 3), each with its opposite; radii_mm (R,).
    """
    spacing_mm = np.array(through.spacing_mm)
    middle, around = _centred(*through.parts, through.offsets(rays), rays, spacing_mm, radii_mm, centres, sides)
    return np.asarray(middle, float), np.asarray(around, float)


def seen(
    through: Scene,
    centres: NDArray[np.float64],
    around: NDArray[np.float64],
    rays: NDArray[np.float64],
    radii_mm: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float64], NDArray[np.bool_]]:
    """Return tissue above what is `around` (N, D, R), whether it lies in the mask (N, D, R), where each ray ends, mm
    (N, D), and whether the mask ended it (N, D)."""
    tissue, inside, length, is_cut = _seen(*through.parts, through.offsets(rays), radii_mm, centres, around)
    return tissue, inside.view(np.bool_), length, is_cut.view(np.bool_)


@njit(parallel=True, cache=True)
def _centred(hu, coarse, per_voxel, lung_hu, per_hu, offsets, rays, spacing, radii, centres, sides):  # type: ignore[no-untyped-def]
    middle, around = np.empty(centres.shape), np.empty(centres.shape[0])
    for one in prange(centres.shape[0]):
        at = _middle_of_tissue(hu, coarse, per_voxel, lung_hu, per_hu, centres[one], sides[one])
        around[one] = _lung_around(hu, coarse, per_voxel, lung_hu, per_hu, offsets, at)
        for _ in range(CENTRINGS):
            _move(hu, coarse, per_voxel, lung_hu, per_hu, offsets, rays, spacing, radii, around[one], at)
        middle[one] = at
    return middle, around


@njit(cache=True)
def _middle_of_tissue(hu, coarse, per_voxel, lung_hu, per_hu, centre, side):  # type: ignore[no-untyped-def]
    """Return the middle of the tissue in a block, the densest counting most (cubed); what is not masked counts not."""
    moved, total = np.zeros(3), 0.0
    for i in range(STARTS):
        dx = ((i + 0.5) / STARTS - 0.5) * side[0]
        for j in range(STARTS):
            dy = ((j + 0.5) / STARTS - 0.5) * side[1]
            for k in range(STARTS):
                dz = ((k + 0.5) / STARTS - 0.5) * side[2]
                x, y, z = centre[0] + dx, centre[1] + dy, centre[2] + dz
                if _coarse_at(coarse, per_voxel, x, y, z) != OUT:
                    weight = max((_between(hu, x, y, z) - lung_hu) * per_hu, 0.01) ** 3
                    moved[0] += weight * dx
                    moved[1] += weight * dy
                    moved[2] += weight * dz
                    total += weight
    return centre + moved / max(total, 1e-9)


@njit(cache=True)
def _lung_around(hu, coarse, per_voxel, lung_hu, per_hu, offsets, at):  # type: ignore[no-untyped-def]
    values, many = np.empty(offsets.shape[0] * len(AROUND_MM)), 0
    for ray in range(offsets.shape[0]):
        for mm in AROUND_MM:
            value, is_in = _look(hu, coarse, per_voxel, offsets, ray, mm, at)
            if is_in:
                values[many] = (value - lung_hu) * per_hu
                many += 1
    return max(np.sort(values[:many])[int(QUIETEST * many)], 0.0) if many else 0.0


@njit(cache=True)
def _move(hu, coarse, per_voxel, lung_hu, per_hu, offsets, rays, spacing, radii, around, at):  # type: ignore[no-untyped-def]
    many = offsets.shape[0]
    core, core_in, length = np.empty((many, CORE), np.float32), np.empty((many, CORE), np.bool_), np.empty(many)
    total, zero = 0.0, lung_hu + around / per_hu
    middle = _look(hu, coarse, per_voxel, offsets, 0, 0.0, at)
    for ray in range(many):
        for step in range(CORE):
            value, core_in[ray, step] = (
                middle if step == 0 else _look(hu, coarse, per_voxel, offsets, ray, radii[step], at)
            )
            core[ray, step] = (value - zero) * per_hu
            total += core[ray, step]
    level = np.float32(max(total / (many * CORE), LEAST_TISSUE) / 2)
    for ray in range(many):
        length[ray] = radii[-1]
        before = core[ray, 0]
        for step in range(radii.shape[0]):
            if step < CORE:
                here, is_in = core[ray, step], core_in[ray, step]
            else:
                value, is_in = _look(hu, coarse, per_voxel, offsets, ray, radii[step], at)
                here = np.float32((value - zero) * per_hu)
            if here < level or not is_in:
                length[ray] = _end(before, here, level, radii, step, is_in)
                break
            before = here
    longest = LONGEST * np.median(length)
    move = np.zeros(3)
    for ray in range(many):
        move += min(length[ray], longest) * rays[ray]
    move *= 3.0 / many
    move *= min(1.0, MOST_MOVE_MM / max(np.sqrt((move * move).sum()), 1e-6))
    for axis in range(3):
        at[axis] = min(max(at[axis] + move[axis] / spacing[axis], 0.0), hu.shape[2 - axis] - 1.0)


@njit(parallel=True, cache=True)
def _seen(hu, coarse, per_voxel, lung_hu, per_hu, offsets, radii, centres, around):  # type: ignore[no-untyped-def]
    shape = centres.shape[0], offsets.shape[0], radii.shape[0]
    tissue, inside = np.empty(shape, np.float32), np.empty(shape, np.uint8)
    length, is_cut = np.empty(shape[:2]), np.zeros(shape[:2], np.uint8)
    for one in prange(shape[0]):
        at, total, zero = centres[one].copy(), 0.0, lung_hu + around[one] / per_hu
        middle = _look(hu, coarse, per_voxel, offsets, 0, 0.0, at)
        for ray in range(shape[1]):
            for step in range(shape[2]):
                value, is_in = middle if step == 0 else _look(hu, coarse, per_voxel, offsets, ray, radii[step], at)
                inside[one, ray, step] = is_in
                tissue[one, ray, step] = (value - zero) * per_hu
                if step < CORE:
                    total += tissue[one, ray, step]
        level = np.float32(max(total / (shape[1] * CORE), LEAST_TISSUE) / 2)
        for ray in range(shape[1]):
            length[one, ray] = radii[-1]
            for step in range(shape[2]):
                here, is_in = tissue[one, ray, step], inside[one, ray, step]
                if here < level or not is_in:
                    length[one, ray] = _end(tissue[one, ray, max(step - 1, 0)], here, level, radii, step, is_in)
                    is_cut[one, ray] = not is_in
                    break
    return tissue, inside, length, is_cut


@njit(cache=True)
def _end(before, here, level, radii, step, is_in):  # type: ignore[no-untyped-def]
    """Return where a ray ends that is below `level` or not in the mask at `step`: between there and the step before."""
    first = radii[max(step - 1, 0)]
    share = 0.5
    if is_in:
        share = min(max(np.float64(before - level) / max(np.float64(before - here), 1e-6), 0.0), 1.0)
    return first + share * (radii[step] - first)


@njit(parallel=True, cache=True)
def _coarse(hu, mask, sx, sy, sz):  # type: ignore[no-untyped-def]
    result = np.empty(mask.shape, np.int16)
    for z in prange(mask.shape[0]):
        for y in range(mask.shape[1]):
            for x in range(mask.shape[2]):
                result[z, y, x] = _clipped(hu[z * sz, y * sy, x * sx]) if mask[z, y, x] else np.int16(OUT)
    return result


@njit(cache=True)
def _look(hu, coarse, per_voxel, offsets, ray, mm, at):  # type: ignore[no-untyped-def]
    """Return HU at a point of a ray, and whether it lies in the mask."""
    x, y, z = at[0] + offsets[ray, 0] * mm, at[1] + offsets[ray, 1] * mm, at[2] + offsets[ray, 2] * mm
    there = _coarse_at(coarse, per_voxel, x, y, z)
    return (np.float32(there) if mm > NEAR_MM else _between(hu, x, y, z)), there != OUT


@njit(cache=True)
def _coarse_at(coarse, per_voxel, x, y, z):  # type: ignore[no-untyped-def]
    i, j, k = (x + 0.5) * per_voxel[0], (y + 0.5) * per_voxel[1], (z + 0.5) * per_voxel[2]
    if i < 0 or j < 0 or k < 0 or i >= coarse.shape[2] or j >= coarse.shape[1] or k >= coarse.shape[0]:
        return np.int16(OUT)
    # Unsigned places spare the processor the question whether one counts from the end.
    return coarse[np.uint64(k), np.uint64(j), np.uint64(i)]


@njit(cache=True)
def _between(hu, x, y, z):  # type: ignore[no-untyped-def]
    """Return HU at a point, trilinear, clipped before interpolating; outside the volume the nearest voxel's."""
    depth, height, width = hu.shape
    x, y, z = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0), min(max(z, 0.0), depth - 1.0)
    x0, y0, z0 = np.uint64(x), np.uint64(y), np.uint64(z)
    x1, y1 = np.uint64(min(x + 1, width - 1.0)), np.uint64(min(y + 1, height - 1.0))
    z1 = np.uint64(min(z + 1, depth - 1.0))
    fx, fy, fz = np.float32(x - x0), np.float32(y - y0), np.float32(z - z0)
    near = _mixed(_held(hu[z0, y0, x0]), _held(hu[z0, y0, x1]), fx)
    near = _mixed(near, _mixed(_held(hu[z0, y1, x0]), _held(hu[z0, y1, x1]), fx), fy)
    far = _mixed(_held(hu[z1, y0, x0]), _held(hu[z1, y0, x1]), fx)
    far = _mixed(far, _mixed(_held(hu[z1, y1, x0]), _held(hu[z1, y1, x1]), fx), fy)
    return _mixed(near, far, fz)


@njit(cache=True)
def _mixed(first, second, share):  # type: ignore[no-untyped-def]
    return first + share * (second - first)


@njit(cache=True)
def _held(hu):  # type: ignore[no-untyped-def]
    return np.float32(_clipped(hu))


@njit(cache=True)
def _clipped(hu):  # type: ignore[no-untyped-def]
    return np.int16(min(max(hu, np.int16(LOWEST_HU)), np.int16(HIGHEST_HU)))

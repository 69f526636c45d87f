"""Where is the aorta? Its limb beside the spine, the one before the trachea, and the arch over both.

Both limbs are followed as round tubes, with or without contrast; the arch is a bow between their upper ends.
It misleads at an aneurysm wider than 44 mm, a dissected or right-sided aorta, and where no fat or lung lies around.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.segment.coarse import Coarse, Mask
from imaging.segment.tube import LEAST_CONTRAST_HU, Disc, follow, longest_run, rim

# Normal diameters are 33 (sd 4) and 24 (sd 3) mm (Wolak 2008, doi:10.1016/j.jcmg.2007.11.005)
DESCENDING_RADII_MM = np.arange(7.0, 20.0, 1.5)
ASCENDING_RADII_MM = np.arange(11.0, 23.0, 1.5)
BEFORE_SPINE_MM, BESIDE_SPINE_MM = (85.0, -4.0), (-14.0, 55.0)  # to the front, to the patient's left
BEFORE_SPINE_CHEST_MM = 68.0  # farther to the front lies the heart
OFF_SPINE_MM = 24.0  # the centre of a vessel of 8 mm and more before a vertebral body of 16 mm and more
LEAST_SCORE = 0.55  # of a disc; below, less than half of its rim ends
THINNER = 0.78  # of the usual radius; the descending limb widens towards the arch
LEAST_RUN_MM = 35.0  # shorter: not claimed to be the aorta
LEAST_CHEST_MM2 = 8000.0  # lung in an axial slice through the chest's middle; at the sinuses there is less
ASCENDING_MM = 85.0  # from the arch to the valve: 5 to 8 cm, and some of the arch
ASCENDING_BEFORE_MM, ASCENDING_BESIDE_MM = (150.0, 55.0), (-45.0, 35.0)  # from the spine to the front; to the left
LEAST_ASCENDING_MM = 20.0  # shorter: another vessel
ARCH_MM = 30.0  # from the top of the ascending limb to that of the descending one
ARCH_SMOOTH_MM = 1.5  # sigma: a third of the noise, and the wall stays
ARCH_HEIGHTS_MM = np.arange(0.0, 41.0, 4.0)
ENHANCED_HU = 120.0  # brighter blood holds contrast medium: native blood stays below 75
WALL_MM = 1.0  # half the thickness of a wall: with contrast the rim is seen at its inside, without at its outside
RIM_MM = 6.0  # from the disc's radius to where its rim may be


@dataclass(frozen=True, kw_only=True)
class Aorta:
    """The mask (Z, Y, X), the discs of the limbs from low to high, and why it is empty."""

    mask: Mask
    descending: tuple[Disc, ...]
    ascending: tuple[Disc, ...]
    blood_hu: float | None
    why: str


def aorta(grid: Coarse, way_mm: NDArray[np.float64], lungs: Mask, vertebrae: Mask) -> Aorta:
    """Return the aorta as far as it is seen.

    Args: way_mm: (Z, 2) y, x of the spine in mm on this grid, NaN where it does not run.
    """
    none = np.zeros(grid.hu.shape, bool)
    slices = [int(z) for z in np.flatnonzero(~np.isnan(way_mm[:, 0]))]
    if not slices:
        return Aorta(mask=none, descending=(), ascending=(), blood_hu=None, why="no spine to look beside was found")
    way = way_mm[slices]
    in_chest = _chest(grid, lungs)[slices]
    area = np.stack(
        [
            way[:, 0] - np.where(in_chest, BEFORE_SPINE_CHEST_MM, BEFORE_SPINE_MM[0]),
            way[:, 0] - BEFORE_SPINE_MM[1],
            way[:, 1] + BESIDE_SPINE_MM[0],
            way[:, 1] + BESIDE_SPINE_MM[1],
        ],
        axis=1,
    )
    keep_off = _around(grid, way_mm, OFF_SPINE_MM) | grid.shrunk(vertebrae, 4.0)
    descending = longest_run(follow(grid, slices, area, DESCENDING_RADII_MM, keep_off), grid, LEAST_SCORE)
    while descending and descending[-1].radius_mm < THINNER * np.median([disc.radius_mm for disc in descending]):
        descending.pop()  # a branch of the arch, followed upwards
    if not descending or (descending[-1].z - descending[0].z + 1) * grid.spacing_mm[2] < LEAST_RUN_MM:
        why = "no round vessel was found beside the spine over 35 mm"
        return Aorta(mask=none, descending=(), ascending=(), blood_hu=None, why=why)
    blood_hu = float(np.median([disc.hu for disc in descending]))
    ascending = _ascending(grid, descending, way_mm, blood_hu, lungs)
    mask = none.copy()
    for disc in (*descending, *ascending):
        _draw(mask, grid, disc, blood_hu)
    if ascending:
        mask |= arch(grid, ascending[-1], descending[-1], blood_hu)
    mask &= ~lungs
    return Aorta(mask=mask, descending=tuple(descending), ascending=tuple(ascending), blood_hu=blood_hu, why="")


def _ascending(
    grid: Coarse, descending: list[Disc], way_mm: NDArray[np.float64], blood_hu: float, lungs: Mask
) -> list[Disc]:
    """Return the limb before the spine and the trachea, as bright as the other; none where the arch is not seen."""
    top = descending[-1].z
    lowest = max(0, round(top - ASCENDING_MM / grid.spacing_mm[2]))
    in_chest = _chest(grid, lungs)
    slices = [z for z in range(lowest, top + 1) if in_chest[z] and not np.isnan(way_mm[z, 0])]
    if len(slices) * grid.spacing_mm[2] < LEAST_RUN_MM:
        return []
    way = way_mm[slices]
    front, side = ASCENDING_BEFORE_MM, ASCENDING_BESIDE_MM
    area = np.stack([way[:, 0] - front[0], way[:, 0] - front[1], way[:, 1] + side[0], way[:, 1] + side[1]], axis=1)
    near = max(LEAST_CONTRAST_HU, 0.25 * abs(blood_hu))
    hu = blood_hu - near, blood_hu + near
    found = longest_run(follow(grid, slices, area, ASCENDING_RADII_MM, None, hu), grid, LEAST_SCORE)
    height_mm = (found[-1].z - found[0].z + 1) * grid.spacing_mm[2] if found else 0.0
    reaches_arch = bool(found) and (top - found[-1].z) * grid.spacing_mm[2] < ARCH_MM
    return found if height_mm >= LEAST_ASCENDING_MM and reaches_arch else []


def _chest(grid: Coarse, lungs: Mask) -> Mask:
    """Return which slices (Z,) go through the chest."""
    area_mm2 = np.count_nonzero(lungs, axis=(1, 2)) * (grid.spacing_mm[0] * grid.spacing_mm[1])
    return np.asarray(area_mm2 >= LEAST_CHEST_MM2, bool)


def arch(grid: Coarse, front: Disc, back: Disc, blood_hu: float) -> Mask:
    """Return the bow between the upper ends of both limbs, as high as blood fills it best."""
    smooth = _smoothed_around(grid, front, back)
    blood = np.abs(smooth - blood_hu) < max(2 * LEAST_CONTRAST_HU, 0.35 * abs(blood_hu))
    best, best_gain = np.zeros_like(blood), -np.inf
    for height_mm in ARCH_HEIGHTS_MM:
        tube = _bow(grid, front, back, float(height_mm))
        gain = float(blood[tube].sum()) - float((~blood[tube]).sum())
        if gain > best_gain:
            best, best_gain = tube, gain
    return best & blood if blood_hu > ENHANCED_HU else best & (smooth > 0)


def _smoothed_around(grid: Coarse, front: Disc, back: Disc) -> NDArray[np.float32]:
    """Return smoothed HU (Z, Y, X) where the bow may run, -1000 elsewhere."""
    ends = np.array([[disc.z, disc.y, disc.x] for disc in (front, back)]) * grid.sampling
    reach_mm = 1.25 * (max(front.radius_mm, back.radius_mm) + RIM_MM) + ARCH_SMOOTH_MM * 5  # a rim's most, and the blur
    rise_mm = np.array([float(ARCH_HEIGHTS_MM[-1]), 0.0, 0.0])
    low = np.maximum(0, (ends.min(axis=0) - reach_mm) / grid.sampling).astype(int)
    high = np.ceil((ends.max(axis=0) + rise_mm + reach_mm) / grid.sampling).astype(int) + 1
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    result = np.full(grid.hu.shape, -1000.0, np.float32)
    part = np.clip(grid.hu[box], -300, 900)
    result[box] = ndimage.gaussian_filter(part, [ARCH_SMOOTH_MM / mm for mm in grid.sampling])
    return result


def _bow(grid: Coarse, front: Disc, back: Disc, height_mm: float) -> Mask:
    """Return a tube of the limbs' radii along half a sine that rises `height_mm` over the line between both ends."""
    steps = np.linspace(0, 1, 40)
    ends = [np.array([disc.z, disc.y, disc.x]) * grid.sampling for disc in (front, back)]
    path = ends[0] + steps[:, None] * (ends[1] - ends[0])
    path[:, 0] += height_mm * np.sin(np.pi * steps)
    reach = [float(np.median(rim(grid, disc, RIM_MM))) for disc in (front, back)]
    radius = reach[0] + steps * (reach[1] - reach[0])
    low = np.maximum(0, (path.min(axis=0) - max(reach)) / grid.sampling).astype(int)
    high = np.minimum(grid.hu.shape, (path.max(axis=0) + max(reach)) / grid.sampling + 2).astype(int)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    axes = [np.arange(part.start, part.stop) * mm for part, mm in zip(box, grid.sampling, strict=True)]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    inside = np.zeros(places.shape[:3], bool)
    for point, limit in zip(path, radius, strict=True):
        inside |= ((places - point) ** 2).sum(axis=-1) <= limit**2
    mask = np.zeros(grid.hu.shape, bool)
    mask[box] = inside
    return mask


def _draw(mask: Mask, grid: Coarse, disc: Disc, blood_hu: float) -> None:
    """Fill the disc's star-shaped rim into its slice."""
    reach = rim(grid, disc, RIM_MM) + (WALL_MM if blood_hu > ENHANCED_HU else 0.0)
    parts = []
    for at, mm, size in ((disc.y, grid.spacing_mm[1], mask.shape[1]), (disc.x, grid.spacing_mm[0], mask.shape[2])):
        half = int(reach.max() / mm) + 2
        parts.append(slice(max(0, int(at) - half), min(size, int(at) + half + 1)))
    y = (np.arange(parts[0].start, parts[0].stop)[:, None] - disc.y) * grid.spacing_mm[1]
    x = (np.arange(parts[1].start, parts[1].stop)[None, :] - disc.x) * grid.spacing_mm[0]
    turn = np.arctan2(y, x) % (2 * np.pi) / (2 * np.pi) * len(reach)
    low = np.floor(turn).astype(np.intp) % len(reach)
    share = turn - np.floor(turn)
    limit = (1 - share) * reach[low] + share * reach[(low + 1) % len(reach)]
    mask[disc.z][parts[0], parts[1]] |= np.hypot(y, x) <= limit


def _around(grid: Coarse, way_mm: NDArray[np.float64], radius_mm: float) -> Mask:
    _, height, width = grid.hu.shape
    y = np.arange(height)[None, :, None] * grid.spacing_mm[1] - way_mm[:, 0, None, None]
    x = np.arange(width)[None, None, :] * grid.spacing_mm[0] - way_mm[:, 1, None, None]
    near: Mask = np.hypot(y, x) < radius_mm
    return near

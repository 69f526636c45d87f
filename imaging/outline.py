"""Where does the nodule at this place end?

Half-way thresholding against the lung around it (the half-maximum rule: the edge of a blurred object lies where the
profile is half-way between its two sides), then vessels and walls are taken off by opening with a ball that is a share
of the nodule's own inner radius. A faint rim around a dense core is taken in (part-solid). Deterministic.

It misleads where there is no lung around (mediastinum, collapse): then it refuses. A nodule that lies broadly on the
pleura is cut where it widens into the wall; a vessel as thick as the nodule stays in.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.absent import Absent
from imaging.blocks_outline import box_of, calmed, deepest, depths, joined
from imaging.volume import Volume

Kind = Literal["solid", "part_solid", "ground_glass"]
Point = tuple[float, float, float]

REACHES_MM = (10.0, 18.0, 32.0)  # half side of the box: tried in turn until the nodule does not touch its border
SEED_MM = 2.5  # a screening block's centre or a reader's click lies this near to the nodule's middle
AERATED_HU = -600  # darker is air or aerated lung (Heussel 2004 takes -500 to -950 as inflated lung; nearer to lung)
LUNG_HU = -850  # of normal inflated lung; stands in where the box holds too little of it to be measured
SOLID_HU = -300.0  # between ground-glass and soft tissue (Fleischner 2017 tells them apart by eye on lung windows)
CORE_HU = -50.0  # a core above it counts as this: calcium or contrast must not shrink the outline
CALM_MM = 0.5  # sigma: calms noise, keeps a 3 mm nodule
FAINTEST_HU = -750.0  # below this ground-glass can't be told from lung with usual noise (20 to 40 HU)
HALF = 0.5  # where to cut between lung and nodule: the true edge of a blurred object, so the one to measure by
AS_READERS = 0.35  # gives the readers' volumes (median ratio 0.9 to 1 on 700 LIDC outlines; half-way gives 0.7)
CORE_PERCENTILE = 90  # of the tissue near the seed: the maximum is noise, the median of a small nodule is its edge
BACK_SHARE = 1.0  # of a pixel more than the opening took: a ball of few voxels is too rough to give it all back
NECK_SHARE = 0.4  # of the inner radius: what is thinner is a vessel or a bridge to the wall
WIDER = 1.3  # of the inner radius: where a ball of this size fits in, it is not the nodule any more
SEED_STEPS = 3  # each lets the seed lie up to half the radius found so far from the middle
MOST_SHARE = 2.3  # of the inner radius: half the length of the longest nodule, lumpy ones included
WALLED_SHARE = 1.2  # the same where a wall is near, which is all that holds back a leak along it
LOOK_MM = 6.0  # farther than that a wall is looked for; these three by 350 outlines of LIDC (ct_measures.py, `trained`)
MOST_NECK_MM = 4.0  # segmental vessels are thinner (diameter below 8 mm)
SOLID_SHARE, GLASS_SHARE = 0.44, 0.22  # of the voxels above -300 HU; best mean recall on readers' texture (`trained`)
RIM_MM = 4.0  # how far around a dense core a ground-glass rim is looked for
RIM_SHARE = 0.6  # of that shell must be ground-glass for it to be a rim and not vessels or partial volume
SMALLEST_VOXELS = 4  # fewer can't be told from noise


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A nodule on the volume's own grid.

    `mask` (Z, Y, X) bool is a box of the volume that begins at voxel `offset_zyx`; `core` (same shape) is its dense
    part, above -300 HU; `threshold_hu` is where it was cut; `touches_edge` says that it goes on beyond the volume or
    the widest box, so that its size is a lower bound;
    `is_walled` that something larger than it lies near by, from which it had to be parted.
    """

    mask: NDArray[np.bool_]
    offset_zyx: tuple[int, int, int]
    core: NDArray[np.bool_]
    kind: Kind
    threshold_hu: float
    touches_edge: bool
    is_walled: bool

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Where `mask` lies in the volume: `volume.hu[outline.box]` has its shape."""
        z, y, x = (slice(at, at + n) for at, n in zip(self.offset_zyx, self.mask.shape, strict=True))
        return z, y, x


def outline(
    volume: Volume, centre_lps_mm: Point, cut_share: float = HALF, reaches_mm: tuple[float, ...] = REACHES_MM
) -> Outline | Absent:
    """Return the nodule around a point in LPS mm, or why none can be drawn there.

    `cut_share` is where to cut between lung (0) and nodule (1): `HALF` to measure, `AS_READERS` to draw what LIDC's
    readers draw. How far the two agree with their 700 outlines: bench/RESULTS.md.
    """
    at = volume.to_voxel(np.array(centre_lps_mm))[::-1]
    if (at < -0.5).any() or (at > np.array(volume.hu.shape) - 0.5).any():
        return Absent(reason="the place lies outside the volume")
    spacing_zyx = volume.spacing_mm[::-1]
    drawn: Outline | Absent = Absent(reason="nothing was drawn")
    for reach_mm in reaches_mm:
        low = np.maximum(np.floor(at - np.array(reach_mm) / spacing_zyx).astype(int), 0)
        high = np.minimum(np.ceil(at + np.array(reach_mm) / spacing_zyx).astype(int) + 1, volume.hu.shape)
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        blank = None if volume.padding is None else volume.padding[box]
        drawn = _drawn(volume.hu[box], blank, spacing_zyx, at - low, low, cut_share)
        if isinstance(drawn, Outline) and not drawn.touches_edge:
            break
    return drawn


def _drawn(
    hu: NDArray[np.int16],
    blank: NDArray[np.bool_] | None,
    spacing_zyx: tuple[float, float, float],
    at: NDArray[np.float64],
    low: NDArray[np.int64],
    cut_share: float,
) -> Outline | Absent:
    """Return the outline inside one box; `at` is the seed in its voxels, `low` where the box begins."""
    hu = np.ascontiguousarray(hu if blank is None else np.where(blank, np.int16(LUNG_HU), hu))
    aerated = hu[hu < AERATED_HU]
    lung_hu = float(np.median(aerated)) if aerated.size > 0.02 * hu.size else LUNG_HU
    near_mm = max(SEED_MM, *spacing_zyx)
    smooth = calmed(hu, CALM_MM, spacing_zyx)
    core_hu = _core_hu(smooth[_ball(hu.shape, at, spacing_zyx, near_mm)])
    threshold = lung_hu + cut_share * (core_hu - lung_hu)
    if core_hu < FAINTEST_HU:
        return Absent(reason="there is only aerated lung here")
    mask, walled = _detached(hu > threshold, at, near_mm, spacing_zyx)
    has_rim = False
    if core_hu > SOLID_HU and mask.sum() >= SMALLEST_VOXELS:
        faint = max(FAINTEST_HU, (SOLID_HU + 2 * lung_hu) / 3)
        wider = _with_rim(smooth, mask, faint, spacing_zyx)
        if wider is not None:
            mask, has_rim, threshold = wider, True, faint
    if mask.sum() < SMALLEST_VOXELS:
        return Absent(reason="what is here is too small to be drawn")
    return _trimmed(mask, hu > SOLID_HU, threshold, low, has_rim=has_rim, walled=walled)


def _core_hu(near_hu: NDArray[np.float32]) -> float:
    """Return what the middle of the nodule measures: the brighter part of the tissue near the seed."""
    return min(float(np.percentile(near_hu, CORE_PERCENTILE)), CORE_HU)


def _ball(
    shape: tuple[int, ...], at: NDArray[np.float64], spacing_zyx: tuple[float, ...], radius_mm: float
) -> NDArray[np.bool_]:
    """Return which voxels (Z, Y, X) lie within `radius_mm` of a place."""
    z, y, x = (((np.arange(n) - a) * mm) ** 2 for n, a, mm in zip(shape, at, spacing_zyx, strict=True))
    return np.asarray((z[:, None] + y)[:, :, None] + x <= radius_mm**2)


def _detached(
    dense: NDArray[np.bool_], at: NDArray[np.float64], near_mm: float, spacing_zyx: tuple[float, ...]
) -> tuple[NDArray[np.bool_], bool]:
    """Return the part of `dense` around the seed, without what hangs on it by a neck, and whether a wall is near."""
    inner = depths(dense, spacing_zyx)
    peak, radius = _middle(inner, at, near_mm, spacing_zyx)
    if radius <= 0:
        return np.zeros_like(dense), False
    deep = WIDER * radius + max(spacing_zyx[1:])
    beside = _ball(dense.shape, np.array(peak, float), spacing_zyx, MOST_SHARE * radius + LOOK_MM)
    walled = bool(((inner > deep) & beside).any())  # a larger ball fits in near by: the wall, or the mediastinum
    neck = min(NECK_SHARE * radius, MOST_NECK_MM)
    longest = WALLED_SHARE if walled else MOST_SHARE
    around = _ball(dense.shape, np.array(peak, float), spacing_zyx, longest * radius + neck)
    if walled:
        off_wall = depths(inner <= deep, spacing_zyx, deep + 1) > deep
        around = around & off_wall if off_wall[peak] else around
    body = joined((inner > neck) & around, peak)
    if not body.any():
        return body, walled
    reach = neck + BACK_SHARE * max(spacing_zyx[1:])
    near_by = _box_around(body, reach, spacing_zyx)
    mask = np.zeros_like(dense)
    mask[near_by] = (depths(~body[near_by], spacing_zyx, reach + 1) <= reach) & dense[near_by] & around[near_by]
    return mask, walled


def _box_around(mask: NDArray[np.bool_], reach_mm: float, spacing_zyx: tuple[float, ...]) -> tuple[slice, ...]:
    """Return the smallest box that holds a mask and what lies within `reach_mm` of it."""
    wide = (int(reach_mm / mm) + 1 for mm in spacing_zyx)
    return tuple(slice(max(one.start - w, 0), one.stop + w) for one, w in zip(box_of(mask), wide, strict=True))


def _middle(
    inner: NDArray[np.float32], at: NDArray[np.float64], near_mm: float, spacing_zyx: tuple[float, ...]
) -> tuple[tuple[int, int, int], float]:
    """Return the deepest voxel near the seed and its depth; a large nodule may be looked for farther from the seed."""
    radius = 0.0
    for _ in range(SEED_STEPS):
        peak = deepest(inner, at, spacing_zyx, max(near_mm, radius / 2))
        radius = float(inner[peak])
    return peak, radius


def _with_rim(
    smooth: NDArray[np.float32], mask: NDArray[np.bool_], faint_hu: float, spacing_zyx: tuple[float, float, float]
) -> NDArray[np.bool_] | None:
    """Return the mask with its ground-glass rim, or None where there is no rim on most sides."""
    close = _box_around(mask, RIM_MM, spacing_zyx)
    beyond = depths(~mask[close], spacing_zyx, RIM_MM + 1)
    edge = max(spacing_zyx[1:]) * 1.5  # partial volume: the first voxel and a half around any solid nodule is grey
    around = (beyond > edge) & (beyond <= RIM_MM) & (smooth[close] < SOLID_HU)
    if not around.any() or (smooth[close][around] > faint_hu).mean() < RIM_SHARE:
        return None
    wide = ((smooth > faint_hu) & (depths(~mask, spacing_zyx, 3 * RIM_MM + 1) <= 3 * RIM_MM)) | mask
    opened = depths(wide, spacing_zyx, 2.5) > 1.5  # mm: vessels below 3 mm and single grey voxels are no rim
    numbers, _ = ndimage.label(depths(~opened, spacing_zyx, 2.5) <= 1.5)
    touched = np.unique(numbers[mask])
    return (np.isin(numbers, touched[touched > 0]) & wide) | mask


def _trimmed(
    mask: NDArray[np.bool_],
    dense: NDArray[np.bool_],
    threshold: float,
    low: NDArray[np.int64],
    *,
    has_rim: bool,
    walled: bool,
) -> Outline:
    """Return the outline in the smallest box around it, holes filled."""
    box = box_of(mask)
    touches = any(one.start == 0 or one.stop == n for one, n in zip(box, mask.shape, strict=True))
    z, y, x = (int(a) + s.start for a, s in zip(low, box, strict=True))
    filled = ~joined(np.pad(~mask[box], 1, constant_values=True), (0, 0, 0))[1:-1, 1:-1, 1:-1]
    core = filled & dense[box]
    return Outline(
        mask=filled,
        offset_zyx=(z, y, x),
        core=core,
        kind="part_solid" if has_rim else _kind(np.count_nonzero(core) / np.count_nonzero(filled)),
        threshold_hu=threshold,
        touches_edge=touches,
        is_walled=walled,
    )


def _kind(solid_share: float) -> Kind:
    return "solid" if solid_share >= SOLID_SHARE else "ground_glass" if solid_share <= GLASS_SHARE else "part_solid"

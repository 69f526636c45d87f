"""Where does a vessel of round cross-section run through the slices? Discs that are even inside and end all around.

Each slice gives candidates; the best way through all slices (Viterbi) is the vessel. Contrast is not needed: fat or
lung around the vessel is, on most of its circumference.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.segment.coarse import Coarse, Mask

STEP_MM = 2.0  # between the places that are tried
INNER_ANGLES, OUTER_ANGLES = 16, 24
INSIDE_MM, OUTSIDE_MM = 2.0, 2.5  # from the disc's edge to the rings that are compared
LEAST_CONTRAST_HU = 25.0  # tissue against fat (-100) differs by 140, native blood against muscle by less than 20
CONTRAST_SHARE = 0.2  # of the blood's own brightness, where contrast medium makes it vary
UNEVEN_HU = 60.0  # spread inside that costs as much as half of the rim not ending
BLOOD_HU = (0.0, 800.0)  # mean of any blood, native or with contrast
MOST_BRIGHT = 0.3  # of the rim may end at bone; all around it is the canal of the spine
LEAST_DARK = 0.4  # of the rim, at least, ends at something darker: fat, lung, muscle beside contrast
WIDER_PER_MM = 0.012  # of two discs that end as well the wider one is the vessel, the other lies inside it
JUMP_MM = 8.0  # sideways between two slices, beside as much as they are apart
GAP_MM = 12.0  # of a run that is not seen, and bridged
KEPT = 40  # candidates a slice
MOVE_PER_MM = 0.035  # cost of moving sideways, per mm for 3 mm of height
WIDEN_PER_MM = 0.06  # cost of changing the radius


@dataclass(frozen=True, kw_only=True)
class Disc:
    """The cross-section in one slice; y, x in voxels of the grid. `score` is about 1 where it ends all around."""

    z: int
    y: float
    x: float
    radius_mm: float
    hu: float
    score: float


def follow(
    grid: Coarse,
    slices: list[int],
    area_mm: NDArray[np.float64],
    radii_mm: NDArray[np.float64],
    keep_off: Mask | None = None,
    hu: tuple[float, float] = BLOOD_HU,
) -> list[Disc]:
    """Return the best chain of discs through consecutive slices, one a slice where any disc is possible.

    Args: area_mm: (len(slices), 4) the centre's range as y0, y1, x0, x1 in mm from the grid's first voxel;
    keep_off: (Z, Y, X) where no centre may lie; hu: what the mean inside may be.
    """
    found = [_candidates(grid, z, area_mm[k], radii_mm, keep_off, hu) for k, z in enumerate(slices)]
    chain = [k for k, one in enumerate(found) if len(one)]
    if not chain:
        return []
    gap_mm = np.diff([slices[k] for k in chain], prepend=slices[chain[0]]) * grid.spacing_mm[2]
    total = found[chain[0]][:, 4].copy()
    came: list[NDArray[np.intp]] = []
    for one, before, rise_mm in zip(chain[1:], chain[:-1], np.abs(gap_mm[1:]), strict=True):
        moved = np.hypot(
            found[one][:, None, 0] - found[before][None, :, 0], found[one][:, None, 1] - found[before][None, :, 1]
        )
        widened = np.abs(found[one][:, None, 2] - found[before][None, :, 2])
        cost = (MOVE_PER_MM * moved + WIDEN_PER_MM * widened) * min(1.0, 3.0 / max(rise_mm, 1e-6)) ** 0.5
        reached = total[None, :] - cost
        came.append(reached.argmax(axis=1))
        total = reached.max(axis=1) + found[one][:, 4]
    at = int(total.argmax())
    discs: list[Disc] = []
    for index in range(len(chain) - 1, -1, -1):
        y, x, radius, mean, score = found[chain[index]][at]
        place = slices[chain[index]]
        discs.append(
            Disc(
                z=place,
                y=y / grid.spacing_mm[1],
                x=x / grid.spacing_mm[0],
                radius_mm=float(radius),
                hu=float(mean),
                score=float(score),
            )
        )
        if index:
            at = int(came[index - 1][at])
    return discs[::-1]


def longest_run(discs: list[Disc], grid: Coarse, least_score: float) -> list[Disc]:
    """Return the part of a chain that is one vessel: as bright throughout and well seen."""
    if not discs:
        return []
    good = [disc for disc in discs if disc.score >= least_score]
    if not good:
        return []
    runs: list[list[Disc]] = [[]]
    for disc in good:
        last = runs[-1]
        level = float(np.median([one.hu for one in last[-8:]])) if last else disc.hu
        is_near = not last or (disc.z - last[-1].z - 1) * grid.spacing_mm[2] <= GAP_MM
        if last and _moved_mm(last[-1], disc, grid) > JUMP_MM + (disc.z - last[-1].z) * grid.spacing_mm[2]:
            runs.append([disc])  # another vessel
        elif is_near and abs(disc.hu - level) <= max(LEAST_CONTRAST_HU, 0.3 * abs(level)):
            last.append(disc)
        elif not is_near or abs(disc.z - last[-1].z) * grid.spacing_mm[2] > GAP_MM:
            runs.append([disc])
    return max(runs, key=len)


def _moved_mm(one: Disc, other: Disc, grid: Coarse) -> float:
    return float(np.hypot((one.y - other.y) * grid.spacing_mm[1], (one.x - other.x) * grid.spacing_mm[0]))


def rim(grid: Coarse, disc: Disc, most_mm: float) -> NDArray[np.float64]:
    """Return how far the vessel reaches from the disc's middle at each of OUTER_ANGLES, in mm; smoothed, never wild."""
    dx, dy, _ = grid.spacing_mm
    plane = ndimage.gaussian_filter(np.clip(grid.hu[disc.z], -300, 900), (0.8 / dy, 0.8 / dx))
    radii = np.arange(0.5 * disc.radius_mm, disc.radius_mm + most_mm, 0.5)
    turn = np.arange(OUTER_ANGLES) * 2 * np.pi / OUTER_ANGLES
    y = disc.y + radii[:, None] * np.sin(turn) / dy
    x = disc.x + radii[:, None] * np.cos(turn) / dx
    shown = ndimage.map_coordinates(plane, [y, x], order=1, mode="nearest")
    half = max(LEAST_CONTRAST_HU, 0.5 * (disc.hu - 50))  # half way to tissue with contrast; the least step without
    left = np.abs(shown - disc.hu) > half
    reach = np.where(left.any(axis=0), radii[left.argmax(axis=0)], np.nan)
    middle = float(np.nanmedian(reach)) if not np.isnan(reach).all() else disc.radius_mm
    reach = np.clip(np.where(np.isnan(reach), middle, reach), 0.8 * middle, 1.25 * middle)
    return ndimage.gaussian_filter1d(ndimage.median_filter(reach, 3, mode="wrap"), 1.0, mode="wrap")


def _candidates(
    grid: Coarse,
    z: int,
    area_mm: NDArray[np.float64],
    radii_mm: NDArray[np.float64],
    keep_off: Mask | None,
    hu: tuple[float, float],
) -> NDArray[np.float64]:
    """Return (N, 5): y, x (mm), radius, mean HU, score of the best discs of a slice, the best first."""
    dx, dy, _ = grid.spacing_mm
    plane = ndimage.gaussian_filter(np.clip(grid.hu[z], -300, 900), (1.2 / dy, 1.2 / dx))
    reach_mm = radii_mm.max() + OUTSIDE_MM + 1
    size_y, size_x = (plane.shape[0] - 1) * dy, (plane.shape[1] - 1) * dx
    y = np.arange(max(area_mm[0], reach_mm), min(area_mm[1], size_y - reach_mm), STEP_MM)
    x = np.arange(max(area_mm[2], reach_mm), min(area_mm[3], size_x - reach_mm), STEP_MM)
    free = np.ones((len(y), len(x)), bool)
    if keep_off is not None:
        free = ~keep_off[z][np.ix_(np.rint(y / dy).astype(np.intp), np.rint(x / dx).astype(np.intp))]
    if not free.any():
        return np.zeros((0, 5))
    rows = []
    for radius in radii_mm:
        near = _ring(plane, grid, y, x, free, radius - INSIDE_MM, INNER_ANGLES)
        core = _ring(plane, grid, y, x, free, 0.5 * radius, INNER_ANGLES // 2)
        inner = np.concatenate([near, core], axis=1)
        mean = inner.mean(axis=1)
        fits = free.copy()
        fits[free] = is_blood = (mean >= hu[0]) & (mean <= hu[1])
        mean, spread = mean[is_blood], inner[is_blood].std(axis=1)
        outer = _ring(plane, grid, y, x, fits, radius + OUTSIDE_MM, OUTER_ANGLES)
        step = np.maximum(LEAST_CONTRAST_HU, CONTRAST_SHARE * mean)[:, None]
        dark, bright = (outer < mean[:, None] - step).mean(axis=1), (outer > mean[:, None] + step).mean(axis=1)
        score = (
            dark
            + np.minimum(bright, MOST_BRIGHT)
            + WIDER_PER_MM * radius
            - 0.5 * spread / (UNEVEN_HU * np.maximum(1.0, mean / 200))
        )
        score[dark < LEAST_DARK] = -1
        at_y, at_x = np.nonzero(fits)
        rows.append(np.stack([y[at_y], x[at_x], np.full(len(score), radius), mean, score], axis=1))
    every = np.concatenate(rows)
    every = every[every[:, 4] > 0]
    return every[np.argsort(-every[:, 4])[:KEPT]]


def _ring(
    plane: NDArray[np.float32],
    grid: Coarse,
    y_mm: NDArray[np.float64],
    x_mm: NDArray[np.float64],
    wanted: Mask,
    radius_mm: float,
    angles: int,
) -> NDArray[np.float32]:
    """Return what the plane shows at points of a circle around the wanted places (len(y), len(x)): (places, angles)."""
    turn = np.arange(angles) * 2 * np.pi / angles
    y = np.rint((y_mm[:, None] + radius_mm * np.sin(turn)) / grid.spacing_mm[1]).astype(np.intp)
    x = np.rint((x_mm[:, None] + radius_mm * np.cos(turn)) / grid.spacing_mm[0]).astype(np.intp)
    at_y, at_x = np.nonzero(wanted)
    return plane.ravel()[(y * plane.shape[1])[at_y] + x[at_x]]

"""Connected pieces of a mask as places: how large, where, how dense."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.attenuation import boxed
from imaging.measure.base import Point
from imaging.signs.scene import Mask, Scene


@dataclass(frozen=True, kw_only=True)
class Spot:
    """One piece: `extents_mm` along its own three principal axes (longest first), `fill` of its box's volume."""

    ml: float
    mean_hu: float
    sphere_mm: float
    extents_mm: tuple[float, float, float]
    fill: float
    centre_lps_mm: Point
    box_lps_mm: tuple[Point, Point]
    mask: Mask
    corner: tuple[int, int, int]

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Where `mask` lies on the scene's grid."""
        return _placed(self.corner, self.mask)


def spots(mask: Mask, here: Scene, least_ml: float) -> tuple[Spot, ...]:
    """Return the pieces of a mask on the scene's grid of at least `least_ml`, the largest first."""
    if not mask.any():
        return ()
    around = boxed(mask)
    pieces, _ = ndimage.label(mask[around], np.ones((3, 3, 3)))
    size = np.bincount(pieces.ravel()) * here.voxel_ml
    size[0] = 0
    boxes = ndimage.find_objects(pieces)
    chosen = sorted(np.flatnonzero(size >= max(least_ml, here.voxel_ml)), key=lambda one: -size[one])
    found = []
    for number in chosen:
        part = pieces[boxes[number - 1]] == number
        z, y, x = (side.start + whole.start for side, whole in zip(boxes[number - 1], around, strict=True))
        found.append(_spot(part, (z, y, x), here))
    return tuple(found)


def _spot(part: Mask, corner: tuple[int, int, int], here: Scene) -> Spot:
    at = np.argwhere(part).astype(float)
    ml = len(at) * here.voxel_ml
    low, high = at.min(axis=0) + corner - 0.5, at.max(axis=0) + corner + 0.5
    ends = np.sort(here.to_lps(np.array([low, high])), axis=0)
    middle = here.to_lps(at.mean(axis=0) + corner)
    return Spot(
        ml=ml,
        mean_hu=float(here.hu[_placed(corner, part)][part].mean()),
        sphere_mm=float((6000 * ml / np.pi) ** (1 / 3)),
        extents_mm=_extents(at * here.spacing_mm, float(np.mean(here.spacing_mm))),
        fill=float(ml * 1000 / np.prod((high - low) * here.spacing_mm)),
        centre_lps_mm=_point(middle),
        box_lps_mm=(_point(ends[0]), _point(ends[1])),
        mask=part,
        corner=corner,
    )


def _extents(places_mm: NDArray[np.float64], voxel_mm: float) -> tuple[float, float, float]:
    if len(places_mm) < 4:
        return voxel_mm, voxel_mm, voxel_mm
    away = places_mm - places_mm.mean(axis=0)
    _, axes = np.linalg.eigh(away.T @ away)
    long, middle, short = (float(np.ptp(away @ axes[:, axis])) + voxel_mm for axis in (2, 1, 0))
    return long, middle, short


def _point(place: NDArray[np.float64]) -> Point:
    x, y, z = (round(float(mm), 1) for mm in place)
    return x, y, z


def _placed(corner: tuple[int, int, int], part: Mask) -> tuple[slice, slice, slice]:
    z, y, x = (slice(at, at + n) for at, n in zip(corner, part.shape, strict=True))
    return z, y, x

"""What stands at a place: a lump, a vessel, a piece of wall? Its shape as seen from its middle along rays.

From the middle of a candidate 64 rays go out evenly in all directions. A ray ends where the tissue above the lung
around has fallen to half of what it is at the middle, or where it leaves the lung mask, so that a nodule at the pleura
is a lump and no part of the wall. All rays of a nodule end soon, two rays of a vessel do not. From the ray lengths and
the mean HU on shells come some 60 numbers, which `score` weighs. Rays see no detail finer than a millimetre, and along
z no more than the slices show.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.blocks_rays import CORE, centred, scene, seen
from imaging.blocks_shape import distinct, shapes
from imaging.candidates import Candidates
from imaging.lung_mask import LungMask
from imaging.volume import Volume

RADII_MM = np.array([*range(9), 10, 12, 14, 16, 20, 24, 30], float)  # as far as a mass of 30 mm and its surroundings
HALF_RAYS = 32  # and their opposites
FEW_RAYS = 16  # and their opposites, while the middle is sought
FEW_RADII_MM = np.array([0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20], float)
LEAST_HELD = 0.02  # of solid, 18 HU above the lung around: less is noise, and nothing was learned of it
APART_MM = 3.0  # candidates that moved nearer together than this are one; below the smallest nodule's width


@dataclass(frozen=True, kw_only=True)
class Lumps:
    """What lies at N places.

    `of` (N,): the candidate; `centre` (N, 3): voxels x, y, z; `radius_mm` (N,): median ray; `half_mm` (N, 2, 3): how
    far it reaches below and above its centre along x, y, z; `shape` (N, F): the numbers that are weighed.
    """

    of: NDArray[np.int64]
    centre: NDArray[np.float64]
    radius_mm: NDArray[np.float64]
    half_mm: NDArray[np.float64]
    shape: NDArray[np.float64]


def lumps(volume: Volume, lung: LungMask, found: Candidates) -> Lumps:
    """Return the middle, size and shape of what the candidates hold.

    Candidates that turn out to be the same thing are one place, that of the best block score. Those that hold no more
    than the lung around them are none.
    """
    through = scene(volume.hu, volume.spacing_mm, lung)
    sides = (found.high - found.low).astype(float)
    middle, around = centred(through, found.centre, sides, SOME_RAYS, FEW_RADII_MM)
    of = distinct(middle * np.array(volume.spacing_mm), found.score, APART_MM)
    centre, around = middle[of], around[of]
    tissue, inside, length, is_cut = seen(through, centre, around, RAYS, RADII_MM)
    holds = tissue[:, :, :CORE].mean(axis=(1, 2), dtype=float) >= LEAST_HELD
    of, centre, around = of[holds], centre[holds], around[holds]
    tissue, inside, length, is_cut = tissue[holds], inside[holds], length[holds], is_cut[holds]
    radius = np.median(length, axis=1)
    ends = np.minimum(length, 2 * radius[:, None])[:, :, None] * RAYS
    return Lumps(
        of=of,
        centre=centre,
        radius_mm=radius,
        half_mm=np.stack([-ends.min(axis=1), ends.max(axis=1)], axis=1),
        shape=shapes(tissue, inside, length, is_cut, around, RAYS, RADII_MM),
    )


def _directions(many: int) -> NDArray[np.float64]:
    """Return `many` directions spread by the golden angle over half a sphere, then their opposites (D, 3)."""
    z = (np.arange(many) + 0.5) / many
    angle = np.arange(many) * np.pi * (3 - np.sqrt(5))
    half = np.stack([np.sqrt(1 - z * z) * np.cos(angle), np.sqrt(1 - z * z) * np.sin(angle), z], axis=1)
    return np.concatenate([half, -half])


RAYS, SOME_RAYS = _directions(HALF_RAYS), _directions(FEW_RAYS)

"""What stands at a place: a lump, a vessel, a piece of wall? Its shape as seen from its middle along rays.

From the middle of a candidate 64 rays go out evenly in all directions. A ray ends where the tissue above lung has
fallen to half of what it is at the middle. All rays of a nodule end soon, two rays of a vessel do not, half of those
at a wall do not. From the ray lengths and the mean HU on shells come some 40 numbers, which `score` weighs.
Rays see no detail finer than a millimetre, and along z no more than the slices show.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.blocks_rays import sampled
from imaging.candidates import Candidates
from imaging.volume import Volume

SOLID_HU = 30.0  # soft tissue without contrast; tissue 1
LOWEST_HU, HIGHEST_HU = -1000.0, 130.0  # contrast and calcium would rule every mean; soft tissue ends below
RADII_MM = np.array([*range(13), *range(14, 31, 2)], float)  # as far as a mass of 30 mm and its surroundings
HALF_RAYS = 32  # and their opposites
STARTS = 3  # points along each axis of a block from which its tissue's middle is taken
FEW_RAYS = 16  # and their opposites, while the middle is sought
FEW_RADII_MM = np.array([0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20], float)
CENTRINGS = 2  # rounds of moving to the middle between ray ends
APART_MM = 3.0  # candidates that moved nearer together than this are one; below the smallest nodule's width
MOST_PLACES = 500  # looked at in full, by block score; bounds the time
LONGEST = 1.5  # times the median: longer rays (into a wall, along a vessel) do not pull the middle further
MOST_MOVE_MM = 5.0  # in a round
LEAST_TISSUE = 0.12  # of solid: below, noise would end rays by chance
SHELLS_MM = (0, 2, 4, 6, 8, 12, 16, 24)
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


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


def lumps(volume: Volume, found: Candidates, lung_hu: float) -> Lumps:
    """Return the middle, size and shape of what the candidates hold; `lung_hu` is this scan's aerated lung.

    Candidates that turn out to be the same thing are one place, that of the best block score.
    """
    centre = _centred(volume, found, lung_hu)
    of = _distinct(centre * np.array(volume.spacing_mm), found.score)
    centre = centre[of]
    tissue = _seen(volume, centre, lung_hu, RAYS, RADII_MM)
    length = lengths(tissue, RADII_MM)
    radius = np.median(length, axis=1)
    ends = np.minimum(length, 2 * radius[:, None])[:, :, None] * RAYS
    return Lumps(
        of=of,
        centre=centre,
        radius_mm=radius,
        half_mm=np.stack([-ends.min(axis=1), ends.max(axis=1)], axis=1),
        shape=_shape(tissue, length, radius),
    )


def _centred(volume: Volume, found: Candidates, lung_hu: float) -> NDArray[np.float64]:
    """Return the middle (N, 3) of what lies at each candidate, voxels x, y, z."""
    spacing, last = np.array(volume.spacing_mm), np.array(volume.hu.shape[::-1]) - 1
    centre = _middle_of_tissue(volume, found, lung_hu)
    for _ in range(CENTRINGS):
        length = lengths(_seen(volume, centre, lung_hu, SOME_RAYS, FEW_RADII_MM), FEW_RADII_MM)
        held = np.minimum(length, LONGEST * np.median(length, axis=1, keepdims=True))
        move = np.einsum("nd,dk->nk", held, SOME_RAYS, optimize=False) * (1.5 / len(SOME_RAYS))
        move *= np.minimum(1, MOST_MOVE_MM / np.maximum(np.linalg.norm(move, axis=1, keepdims=True), 1e-6))
        centre = np.clip(centre + move / spacing, 0, last)
    return centre


def _distinct(centre_mm: NDArray[np.float64], score: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the candidates (M,) that no better one lies close to, best first."""
    order = np.argsort(-score, kind="stable")
    at = centre_mm[order]
    kept = np.empty((MOST_PLACES, 3))
    chosen: list[int] = []
    for one, place in zip(order, at, strict=True):
        if len(chosen) == MOST_PLACES:
            break
        if chosen and (((kept[: len(chosen)] - place) ** 2).sum(axis=1) < APART_MM**2).any():
            continue
        kept[len(chosen)] = place
        chosen.append(int(one))
    return np.array(chosen, np.int64)


def lengths(tissue: NDArray[np.float32], radii_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where each ray ends, mm (N, D), of tissue (N, D, R): at half its value about the middle."""
    level = np.maximum(tissue[:, :, :3].mean(axis=(1, 2), dtype=float), LEAST_TISSUE)[:, None] / 2
    below = tissue < level[:, :, None]
    last = np.where(below.any(axis=2), below.argmax(axis=2), len(radii_mm) - 1)
    before = np.maximum(last - 1, 0)
    inner = np.take_along_axis(tissue, before[:, :, None], axis=2)[:, :, 0].astype(float)
    outer = np.take_along_axis(tissue, last[:, :, None], axis=2)[:, :, 0].astype(float)
    share = np.clip((inner - level) / np.maximum(inner - outer, 1e-6), 0, 1)
    ended: NDArray[np.float64] = radii_mm[before] + share * (radii_mm[last] - radii_mm[before])
    return ended


def _directions(many: int) -> NDArray[np.float64]:
    """Return `many` directions spread by the golden angle over half a sphere, then their opposites (D, 3)."""
    z = (np.arange(many) + 0.5) / many
    angle = np.arange(many) * np.pi * (3 - np.sqrt(5))
    half = np.stack([np.sqrt(1 - z * z) * np.cos(angle), np.sqrt(1 - z * z) * np.sin(angle), z], axis=1)
    return np.concatenate([half, -half])


RAYS, SOME_RAYS = _directions(HALF_RAYS), _directions(FEW_RAYS)


def _middle_of_tissue(volume: Volume, found: Candidates, lung_hu: float) -> NDArray[np.float64]:
    """Return the middle of the tissue in each block, the densest counting most (cubed)."""
    side = (found.high - found.low).astype(float)
    grid = (np.stack(np.meshgrid(*[(np.arange(STARTS) + 0.5) / STARTS - 0.5] * 3, indexing="ij"), axis=-1)).reshape(
        -1, 3
    )
    centre = found.centre.copy()
    for one in np.unique(found.size):
        of = found.size == one
        offsets = (grid * side[of][0])[:, None, :]
        hu = sampled(volume.hu, centre[of], offsets, LOWEST_HU, HIGHEST_HU)[:, :, 0].astype(float)
        weight = np.clip((hu - lung_hu) / (SOLID_HU - lung_hu), 0.01, None) ** 3
        centre[of] += (weight[:, :, None] * offsets[:, 0]).sum(axis=1) / weight.sum(axis=1)[:, None]
    return centre


def _seen(
    volume: Volume,
    centre: NDArray[np.float64],
    lung_hu: float,
    rays: NDArray[np.float64],
    radii_mm: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Return tissue (N, D, R) along the rays: 0 lung, 1 soft tissue."""
    offsets = rays[:, None, :] * radii_mm[None, :, None] / np.array(volume.spacing_mm)
    hu = sampled(volume.hu, centre, offsets, LOWEST_HU, HIGHEST_HU)
    return (hu - np.float32(lung_hu)) / np.float32(SOLID_HU - lung_hu)


def _shape(
    tissue: NDArray[np.float32], length: NDArray[np.float64], radius: NDArray[np.float64]
) -> NDArray[np.float64]:
    across = length[:, :HALF_RAYS] + length[:, HALF_RAYS:]
    held = np.minimum(length, 3 * radius[:, None])
    spread = np.linalg.eigvalsh(np.einsum("nd,di,dj->nij", held**2, RAYS, RAYS))
    mean, sd = tissue.mean(axis=1, dtype=float), tissue.std(axis=1, dtype=float)
    shells = [int(np.flatnonzero(one == RADII_MM)[0]) for one in SHELLS_MM]
    upright = np.abs(RAYS[:, 2])
    along_z, in_plane = held[:, upright > 0.7].mean(axis=1), held[:, upright < 0.4].mean(axis=1)
    relative = np.stack([_at_radius(mean, share * radius) for share in (0.5, 0.8, 1.2, 1.6, 2.0, 3.0)], axis=1)
    relative_sd = np.stack([_at_radius(sd, share * radius) for share in (0.5, 1.0, 1.5, 2.0, 3.0)], axis=1)
    return np.concatenate(
        [
            np.log1p(np.quantile(length, QUANTILES, axis=1).T),
            np.log1p(np.quantile(across, QUANTILES, axis=1).T),
            (length > 2 * radius[:, None]).mean(axis=1, keepdims=True),
            (length > 24).mean(axis=1, keepdims=True),
            (across > 3 * radius[:, None]).mean(axis=1, keepdims=True),
            (np.log(spread[:, 1:] + 1e-3) - np.log(spread[:, :1] + 1e-3)),
            np.log((along_z + 0.5) / (in_plane + 0.5))[:, None],
            mean[:, shells],
            sd[:, shells[1:]],
            relative,
            relative_sd,
        ],
        axis=1,
    )


def _at_radius(profile: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row of `profile` (N, R) at its own radius (N,) mm."""
    after = np.clip(np.searchsorted(RADII_MM, radius), 1, len(RADII_MM) - 1)
    low, high = RADII_MM[after - 1], RADII_MM[after]
    share = np.clip((radius - low) / (high - low), 0, 1)
    row = np.arange(len(profile))
    return profile[row, after - 1] * (1 - share) + profile[row, after] * share

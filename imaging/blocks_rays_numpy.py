"""The kernels of `blocks_rays` once more in plain NumPy: what the tests hold the fast ones against."""

import numpy as np
from numpy.typing import NDArray

from imaging.blocks_rays import (
    AROUND_MM,
    CENTRINGS,
    CORE,
    HIGHEST_HU,
    LEAST_TISSUE,
    LONGEST,
    LOWEST_HU,
    MOST_MOVE_MM,
    NEAR_MM,
    OUT,
    QUIETEST,
    STARTS,
    Scene,
)
from imaging.lung_mask import LungMask

Floats = NDArray[np.float64]


def scene_numpy(hu: NDArray[np.int16], spacing_mm: tuple[float, float, float], lung: LungMask) -> Scene:
    """Return what `blocks_rays.scene` returns."""
    x, y, z = lung.step
    coarse = np.where(lung.mask, np.clip(hu[::z, ::y, ::x], LOWEST_HU, HIGHEST_HU), OUT).astype(np.int16)
    return Scene(hu=hu, spacing_mm=spacing_mm, coarse=coarse, step=lung.step, lung_hu=lung.lung_hu)


def centred_numpy(
    through: Scene, centres: Floats, sides: Floats, rays: Floats, radii_mm: Floats
) -> tuple[Floats, Floats]:
    """Return what `blocks_rays.centred` returns."""
    spread = (np.arange(STARTS) + 0.5) / STARTS - 0.5
    grid = np.stack(np.meshgrid(spread, spread, spread, indexing="ij"), axis=-1).reshape(-1, 3)
    points = grid * sides[:, None, :]
    hu, inside = _sampled(through, centres[:, None, :] + points, np.zeros(1))
    weight = np.where(inside, np.maximum(_tissue(through, hu), 0.01) ** 3, 0)
    at = centres + (weight[:, :, None] * points).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)[:, None]
    hu, inside = _sampled(through, _along(through, at, rays, np.array(AROUND_MM)), np.array(AROUND_MM))
    around = np.array([_quietest(row[is_in]) for row, is_in in zip(_tissue(through, hu), inside, strict=True)])
    last = np.array(through.hu.shape[::-1]) - 1
    for _ in range(CENTRINGS):
        length = seen_numpy(through, at, around, rays, radii_mm)[2]
        held = np.minimum(length, LONGEST * np.median(length, axis=1, keepdims=True))
        move = held @ rays * (3 / len(rays))
        move *= np.minimum(1, MOST_MOVE_MM / np.maximum(np.linalg.norm(move, axis=1, keepdims=True), 1e-6))
        at = np.clip(at + move / np.array(through.spacing_mm), 0, last)
    return at, around


def seen_numpy(
    through: Scene, centres: Floats, around: Floats, rays: Floats, radii_mm: Floats
) -> tuple[NDArray[np.float32], NDArray[np.bool_], Floats, NDArray[np.bool_]]:
    """Return what `blocks_rays.seen` returns."""
    hu, inside = _sampled(through, _along(through, centres, rays, radii_mm), radii_mm)
    _, _, _, lung_hu, per_hu = through.parts
    tissue = ((hu - (lung_hu + around / per_hu)[:, None, None]) * per_hu).astype(np.float32)
    level = np.maximum(tissue[:, :, :CORE].mean(axis=(1, 2), dtype=float), LEAST_TISSUE).astype(np.float32) / 2
    ended = (tissue < level[:, None, None]) | ~inside
    at = np.where(ended.any(axis=2), ended.argmax(axis=2), len(radii_mm) - 1)
    before = np.maximum(at - 1, 0)
    inner, outer = (np.take_along_axis(tissue, one[:, :, None], axis=2)[:, :, 0].astype(float) for one in (before, at))
    is_cut = ~np.take_along_axis(inside, at[:, :, None], axis=2)[:, :, 0] & ended.any(axis=2)
    share = np.where(is_cut, 0.5, np.clip((inner - level[:, None]) / np.maximum(inner - outer, 1e-6), 0, 1))
    length = radii_mm[before] + share * (radii_mm[at] - radii_mm[before])
    return tissue, inside, np.where(ended.any(axis=2), length, radii_mm[-1]), is_cut


def _quietest(values: Floats) -> float:
    return max(float(np.sort(values)[int(QUIETEST * len(values))]), 0.0) if len(values) else 0.0


def _along(through: Scene, centres: Floats, rays: Floats, radii_mm: Floats) -> Floats:
    return np.asarray(centres[:, None, None, :] + through.offsets(rays)[None, :, None, :] * radii_mm[:, None], float)


def _tissue(through: Scene, hu: NDArray[np.float32]) -> Floats:
    _, _, _, lung_hu, per_hu = through.parts
    return (hu.astype(float) - lung_hu) * per_hu


def _sampled(through: Scene, points: Floats, mm: Floats) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return HU at points (..., 3) of voxels x, y, z, and whether they lie in the mask.

    Trilinear, or the coarse grid's beyond NEAR_MM; `mm` is that of the points' last axis but one.
    """
    hu, coarse, per_voxel, _, _ = through.parts
    place = (points + 0.5) * per_voxel
    most = np.array(coarse.shape[::-1])
    i, j, k = np.moveaxis(np.clip(place, 0, most - 1).astype(int), -1, 0)
    there = np.where(((place >= 0) & (place < most)).all(axis=-1), coarse[k, j, i], OUT)
    last = np.array(hu.shape[::-1]) - 1
    at = np.clip(points, 0, last)
    first = at.astype(int)
    second = np.minimum(first + 1, last)
    share = (at - first).astype(np.float32)
    clipped = np.clip(hu, LOWEST_HU, HIGHEST_HU).astype(np.float32)

    def row(z: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float32]:
        near, far = clipped[z, y, first[..., 0]], clipped[z, y, second[..., 0]]
        return np.asarray(near + share[..., 0] * (far - near), np.float32)

    def plane(z: NDArray[np.int64]) -> NDArray[np.float32]:
        near, far = row(z, first[..., 1]), row(z, second[..., 1])
        return np.asarray(near + share[..., 1] * (far - near), np.float32)

    near, far = plane(first[..., 2]), plane(second[..., 2])
    between = near + share[..., 2] * (far - near)
    return np.where(mm > NEAR_MM, there, between).astype(np.float32), there != OUT

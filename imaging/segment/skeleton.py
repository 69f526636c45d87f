"""Where is bone, and where does the spine run? Bright tissue that is not contrast medium in blood.

Bone is told from contrast by its grain: blood is even over a centimetre, marrow and cortex are not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.segment.coarse import Coarse, Mask, filled

BONE_ABOVE_HU = 150.0  # averaged over some 2.5 mm; marrow and contrast reach it too
CORTEX_ABOVE_HU = 280.0  # only cortex and contrast
CORTEX_SHARE = 0.1  # of a bone, at least; kidneys with contrast have less
BLOOD_ABOVE_HU = 130.0  # native blood is 30-60
EVEN_HU = 28.0  # standard deviation over 7 mm that contrast in blood stays below and bone does not
BLOOD_CORE_ML = 3.0  # even bright parts below are marrow
LEAST_BONE_ML = 1.0  # per part; smaller ones are calcium and noise
SMOOTH_MM = 9.0  # for the way of the spine: about the radius of a vertebral body's middle
BEND_MM_PER_MM = 0.5  # steeper than any spine runs against the axis
ASIDE_MM, FRONT_MM, BACK_MM = 34.0, 32.0, 48.0  # a vertebra with its processes around the way of the spine
BODY_CLOSING_MM = 7.0  # closes the marrow of a vertebral body behind its cortex
BEFORE_BACKS_MM = 15.0  # the middle of a vertebra, from the backs of the lungs to the front
LEAST_SPINE_MM = 15.0  # shorter than one vertebra: no spine is claimed
LEAST_PLANE_MM2 = 250.0  # bone in an axial slice through the spine


@dataclass(frozen=True, kw_only=True)
class Skeleton:
    """Masks (Z, Y, X); `way` (Z, 2) is the spine's y, x in voxels, NaN where it does not run; `blood` is bright."""

    bone: Mask
    vertebrae: Mask
    blood: Mask
    way: NDArray[np.float64]
    why: dict[str, str]


def skeleton(grid: Coarse, body: Mask, lungs: Mask) -> Skeleton:
    """Return bone, the spine among it, and what is bright with contrast instead."""
    blood = _bright_blood(grid, body)
    bone = (grid.hu > BONE_ABOVE_HU) & body & ~blood & ~lungs
    labels, _ = ndimage.label(bone)
    size = np.bincount(labels.ravel()) * grid.voxel_ml
    size[0] = 0
    cortex = np.bincount(labels.ravel(), (grid.hu > CORTEX_ABOVE_HU).ravel()) * grid.voxel_ml
    bone = ((size >= LEAST_BONE_ML) & (cortex > CORTEX_SHARE * size))[labels]
    way = _spine_way(grid, bone, body, lungs)
    runs = ~np.isnan(way[:, 0])
    none = np.zeros_like(bone)
    if runs.sum() * grid.spacing_mm[2] < LEAST_SPINE_MM:
        empty = np.full_like(way, np.nan)
        return Skeleton(bone=bone, vertebrae=none, blood=blood, way=empty, why={"vertebrae": "no spine was found"})
    near = _near(grid, way)
    vertebrae = filled(grid.closed(bone & near, BODY_CLOSING_MM) & near & ~blood)
    return Skeleton(bone=bone | vertebrae, vertebrae=vertebrae, blood=blood, way=way, why={})


def _bright_blood(grid: Coarse, body: Mask) -> Mask:
    """Even and bright: grown from cores by what is nearly as bright and close by."""
    width = tuple(max(1, 2 * round(3.5 / mm / 2) + 1) for mm in grid.sampling)
    clipped = np.clip(grid.hu, -200, 800)
    mean = ndimage.uniform_filter(clipped, width)
    spread = np.sqrt(np.maximum(ndimage.uniform_filter(clipped**2, width) - mean**2, 0))
    even = (mean > BLOOD_ABOVE_HU) & (spread < EVEN_HU) & body
    labels, count = ndimage.label(even)
    if count == 0:
        return np.zeros_like(even)
    core = (np.bincount(labels.ravel()) * grid.voxel_ml >= BLOOD_CORE_ML) & (np.arange(count + 1) > 0)
    return grid.grown(core[labels], 4.5) & (grid.hu > BLOOD_ABOVE_HU) & body


def _spine_way(grid: Coarse, bone: Mask, body: Mask, lungs: Mask) -> NDArray[np.float64]:
    """Follow the densest column of bone from slice to slice: the best way through all of them (Viterbi)."""
    depth, height, width = bone.shape
    density = np.where(bone, np.clip(grid.hu, 0, 250) / 250, 0).astype(np.float32)
    density = ndimage.gaussian_filter(density, [SMOOTH_MM / mm for mm in grid.sampling])
    centre_y, centre_x = _middles(body)
    y = (np.arange(height)[None, :, None] - centre_y[:, None, None]) * grid.spacing_mm[1]
    x = (np.arange(width)[None, None, :] - centre_x[:, None, None]) * grid.spacing_mm[0]
    likely = density * np.exp(-((x / 50.0) ** 2)) * np.clip((y + 15) / 30, 0, 1)  # near the middle, in the back
    back_mm = np.array([_lowest_row(plane) for plane in lungs]) * grid.spacing_mm[1]
    chest = ~np.isnan(back_mm)  # there the spine lies between the backs of the lungs
    ahead = back_mm[chest, None, None] - np.arange(height)[None, :, None] * grid.spacing_mm[1]
    likely[chest] *= np.exp(-(((ahead - BEFORE_BACKS_MM) / 25.0) ** 2))
    way = np.full((depth, 2), np.nan)
    step = [max(1, round(5.0 / mm)) for mm in grid.sampling[1:]]
    gain = likely[:, :: step[0], :: step[1]]
    reach = max(1, int(np.ceil(BEND_MM_PER_MM * grid.spacing_mm[2] / (step[0] * grid.spacing_mm[1]))))
    total, back = gain[0].copy(), []
    for z in range(1, depth):
        best = ndimage.maximum_filter(total, 2 * reach + 1, mode="constant", cval=-1)
        back.append((total, best))
        total = best + gain[z]
    first = np.unravel_index(int(total.argmax()), total.shape)
    at = int(first[0]), int(first[1])
    for z in range(depth - 1, -1, -1):
        way[z] = at[0] * step[0], at[1] * step[1]
        if z:
            before = back[z - 1][0]
            low = [max(0, int(one) - reach) for one in at]
            part = before[low[0] : int(at[0]) + reach + 1, low[1] : int(at[1]) + reach + 1]
            shift = np.unravel_index(int(part.argmax()), part.shape)
            at = low[0] + int(shift[0]), low[1] + int(shift[1])
    way = ndimage.gaussian_filter1d(way, max(1.0, 8.0 / grid.spacing_mm[2]), axis=0, mode="nearest")
    area = (bone & _near(grid, way)).sum(axis=(1, 2)) * grid.spacing_mm[0] * grid.spacing_mm[1]
    way[area < LEAST_PLANE_MM2] = np.nan
    return way


def _lowest_row(lungs: Mask) -> float:
    """Return the row of a slice behind which only a twentieth of the lung lies; NaN where there is next to none."""
    rows = lungs.sum(axis=1)
    if rows.sum() < 0.03 * lungs.size:
        return float("nan")
    return float(np.searchsorted(np.cumsum(rows), 0.95 * rows.sum()))


def _near(grid: Coarse, way: NDArray[np.float64]) -> Mask:
    _, height, width = grid.hu.shape
    y = (np.arange(height)[None, :, None] - way[:, 0, None, None]) * grid.spacing_mm[1]
    x = (np.arange(width)[None, None, :] - way[:, 1, None, None]) * grid.spacing_mm[0]
    inside: Mask = (np.abs(x) < ASIDE_MM) & (y > -FRONT_MM) & (y < BACK_MM)
    return inside


def _middles(body: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the middle of the body's box in each slice (y, x); the whole's where a slice is empty."""
    used = [np.flatnonzero(body.any(axis=axes)) for axes in ((0, 2), (0, 1))]
    whole = [(at[0] + at[-1]) / 2 if len(at) else size / 2 for at, size in zip(used, body.shape[1:], strict=True)]
    middles = np.tile(np.array(whole, float), (len(body), 1))
    for z in np.flatnonzero(body.any(axis=(1, 2))):
        rows, columns = np.flatnonzero(body[z].any(axis=1)), np.flatnonzero(body[z].any(axis=0))
        middles[z] = (rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2
    return middles[:, 0], middles[:, 1]

"""The kernels of `blocks` once more in plain NumPy: slow, obvious, and what the tests hold the fast ones against."""

import numpy as np
from numpy.typing import NDArray

from imaging.blocks import (
    HIGHEST_HU,
    LEAST_TISSUE_HU,
    LINES,
    LOWEST_HU,
    TISSUE_HU,
    Blocks,
    Cells,
    block_side,
    cell_box,
    cell_shape,
)


def cells_of_numpy(
    hu: NDArray[np.int16], spacing_mm: tuple[float, float, float], mask: NDArray[np.bool_], step: tuple[int, int, int]
) -> Cells:
    """Return what `blocks.cells_of` returns."""
    shape = cell_shape(spacing_mm, step)
    first, number = cell_box(mask, step, shape)
    inside = mask
    for axis, one in zip((2, 1, 0), step, strict=True):
        inside = np.repeat(inside, one, axis=axis)
    inside = inside[: hu.shape[0], : hu.shape[1], : hu.shape[2]]
    value = np.where(inside, np.clip(hu, LOWEST_HU, HIGHEST_HU).astype(np.int64), 0)
    tissue = hu > TISSUE_HU
    counted = [inside.astype(np.int64), value, value * value]
    for axis in (2, 1, 0):
        here, there = _but_last(axis), _but_first(axis)
        face = np.zeros(hu.shape, np.int64)
        face[here] = inside[here] & inside[there] & (tissue[here] != tissue[there])
        counted.append(face)
    sums = np.zeros((6, number[2], number[1], number[0]), np.int64)
    for one, quantity in enumerate(counted):
        for iz, iy, ix in np.ndindex(number[2], number[1], number[0]):
            z, y, x = (first[2] + iz) * shape[2], (first[1] + iy) * shape[1], (first[0] + ix) * shape[0]
            sums[one, iz, iy, ix] = quantity[z : z + shape[2], y : y + shape[1], x : x + shape[0]].sum()
    return Cells(sums=sums, first=first, shape_vox=shape, spacing_mm=spacing_mm)


def blocks_of_numpy(cells: Cells, size_mm: float, lung_hu: float) -> Blocks:
    """Return what `blocks.blocks_of` returns."""
    side, stride = block_side(cells, size_mm)
    dense = tuple(slice(None, None, one) for one in stride[::-1])
    windows = np.lib.stride_tricks.sliding_window_view(cells.sums, side[::-1], axis=(1, 2, 3))
    sums = windows[:, *dense].sum(axis=(4, 5, 6))
    dx, dy, dz = cells.spacing_mm
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums[1] / sums[0]
        brightness = mean.astype(np.float32)
        variation = np.sqrt(np.maximum(sums[2] / sums[0] - mean * mean, 0)).astype(np.float32)
        area = sums[3] * (dy * dz) + sums[4] * (dx * dz) + sums[5] * (dx * dy)
        boundary = (area / (sums[0] * (dx * dy * dz))).astype(np.float32)
    whole = np.float32(np.prod(side) * np.prod(cells.shape_vox))
    away = tuple(one // by for one, by in zip(side[::-1], stride[::-1], strict=True))
    return Blocks(
        side=side,
        stride=stride,
        filled=sums[0].astype(np.float32) / whole,
        brightness=brightness,
        variation=variation,
        boundary=boundary,
        similarity=_similarity(brightness, away, lung_hu),
    )


def _similarity(brightness: NDArray[np.float32], away: tuple[int, ...], lung_hu: float) -> NDArray[np.float32]:
    tissue = np.maximum(brightness.astype(float) - lung_hu, LEAST_TISSUE_HU)  # NaN stays NaN
    reach = [(one, one) for one in away]
    around = np.pad(tissue, reach, constant_values=np.nan)
    alike = np.zeros(tissue.shape)
    for line in LINES:
        best = np.zeros(tissue.shape)
        for sign in (-1, 1):
            start = [one + sign * along * one for one, along in zip(away, line, strict=True)]
            there = around[tuple(slice(s, s + n) for s, n in zip(start, tissue.shape, strict=True))]
            ratio = np.minimum(tissue, there) / np.maximum(tissue, there)
            best = np.fmax(best, ratio)
        alike += best
    return np.where(np.isnan(tissue), np.nan, alike / len(LINES)).astype(np.float32)


def _but_last(axis: int) -> tuple[slice, ...]:
    return tuple(slice(None, -1) if one == axis else slice(None) for one in range(3))


def _but_first(axis: int) -> tuple[slice, ...]:
    return tuple(slice(1, None) if one == axis else slice(None) for one in range(3))

"""Slices that are tilted against each other or unevenly spaced: what would a rectangular grid hold?

Linear interpolation, within the slice for tilt and between slices for distance, rounded to whole HU once at the end. A
voxel made of any padding, or of what lies outside a slice, is padding.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from imaging.geometry import Stack
from imaging.volume import AIR_HU

Slice = tuple[NDArray[np.float32], NDArray[np.bool_] | None]


def regular(
    hu: NDArray[np.int16], padding: NDArray[np.bool_] | None, stack: Stack
) -> tuple[NDArray[np.int16], NDArray[np.bool_] | None]:
    """Return HU and padding (Z, Y, X) on the grid of `stack.affine_lps`; the same arrays when they already lie on it.

    One slice after another: beside the two volumes only a few slices are held.
    """
    if stack.sample_at is None and stack.shift_px is None:
        return hu, padding
    at = np.arange(len(hu), dtype=float) if stack.sample_at is None else stack.sample_at
    shape = (len(at), hu.shape[1] + stack.grow_px[1], hu.shape[2] + stack.grow_px[0])
    result = np.empty(shape, np.int16)
    masked = None if padding is None and stack.shift_px is None else np.zeros(shape, bool)

    @lru_cache(maxsize=2)
    def straight(number: int) -> Slice:
        here = hu[number].astype(np.float32), None if padding is None else padding[number]
        return here if stack.shift_px is None else _shifted(here, stack.shift_px[number], shape[1:])

    for number, place in enumerate(at):
        below = min(int(place), len(hu) - 2)
        values, mask = _between(straight(below), straight(below + 1), float(place - below))
        result[number] = np.rint(values)
        if masked is not None and mask is not None:
            masked[number] = mask
            result[number][mask] = AIR_HU
    return result, masked


def _between(below: Slice, above: Slice, share: float) -> Slice:
    if share == 0:
        return below
    if share == 1:
        return above
    values = below[0] * np.float32(1 - share) + above[0] * np.float32(share)
    return values, None if below[1] is None or above[1] is None else below[1] | above[1]


def _shifted(here: Slice, shift_px: NDArray[np.float64], shape: tuple[int, ...]) -> Slice:
    """Return the slice moved right and down by a fraction of pixels on a canvas (Y, X), masked where it is not."""
    values, mask = here
    masked = np.zeros(values.shape, bool) if mask is None else mask
    for axis, shift in ((1, float(shift_px[0])), (0, float(shift_px[1]))):
        values, masked = _along(values, masked, shift, shape[axis], axis)
    return values, masked


def _along(
    values: NDArray[np.float32], masked: NDArray[np.bool_], shift: float, size: int, axis: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    values, masked = np.moveaxis(values, axis, 0), np.moveaxis(masked, axis, 0)
    whole = int(shift)
    share = np.float32(shift - whole)
    moved = np.full((size, values.shape[1]), AIR_HU, np.float32)
    outside = np.ones(moved.shape, bool)
    if share == 0:
        inside = slice(whole, whole + len(values))
        moved[inside], outside[inside] = values, masked
    else:  # a pixel lies between the one before and its own; the first has none before it
        inside = slice(whole + 1, whole + len(values))
        moved[inside] = values[1:] * (1 - share) + values[:-1] * share
        outside[inside] = masked[1:] | masked[:-1]
    return np.moveaxis(moved, 0, axis), np.moveaxis(outside, 0, axis)

"""Growing and closing a mask with a ball, fast: 64 voxels of a row in one machine word.

Growing gives what a Euclidean distance transform does up to that distance, in a hundredth of its time while the ball
is a few voxels wide. A closing fills what a ball of the given radius cannot enter from outside: the dents that vessels
and nodules leave in a lung mask, also at the pleura.
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

_WORD = 64
_ROUNDING = 1 + 1e-9  # a voxel exactly at the distance counts as within it


def grown(mask: NDArray[np.bool_], reach_mm: float, spacing_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Return what of the array lies in or within `reach_mm` of `mask` (Z, Y, X); `spacing_mm` is along x, y, z."""
    result = np.zeros_like(mask)
    box = []
    for axis, mm in enumerate(spacing_mm[::-1]):
        at = np.flatnonzero(mask.any(axis=tuple(one for one in range(3) if one != axis)))
        if not len(at):
            return result
        more = int(reach_mm * _ROUNDING // mm)
        box.append(slice(max(0, int(at[0]) - more), int(at[-1]) + 1 + more))
    part = mask[tuple(box)]
    width = part.shape[2]
    padded = np.zeros((*part.shape[:2], width + -width % _WORD), bool)
    padded[:, :, :width] = part
    words = np.packbits(padded, axis=2, bitorder="little").view("<u8")
    wider = _dilated(words, reach_mm * _ROUNDING, spacing_mm)
    result[tuple(box)] = np.unpackbits(wider.view(np.uint8), axis=2, bitorder="little").view(bool)[:, :, :width]
    return result


def closed(mask: NDArray[np.bool_], radius_mm: float, spacing_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Return `mask` (Z, Y, X) closed with a ball; `spacing_mm` is along x, y, z."""
    reach = [int(radius_mm // mm) for mm in spacing_mm]  # voxels along x, y, z
    rx, ry, rz = reach
    width = mask.shape[2] + 4 * rx
    width += -width % _WORD
    padded = np.zeros((mask.shape[0] + 4 * rz, mask.shape[1] + 4 * ry, width), bool)
    inner = tuple(slice(2 * r, 2 * r + n) for r, n in zip((rz, ry, rx), mask.shape, strict=True))
    padded[inner] = mask
    words = np.packbits(padded, axis=2, bitorder="little").view("<u8")
    grown = _dilated(words, radius_mm, spacing_mm)
    result = ~_dilated(~grown, radius_mm, spacing_mm)
    return np.unpackbits(result.view(np.uint8), axis=2, bitorder="little").view(bool)[inner] | mask


def _dilated(words: NDArray[np.uint64], radius_mm: float, spacing_mm: tuple[float, float, float]) -> NDArray[np.uint64]:
    """The ball is a bundle of rods along x: one for each (z, y) offset, shorter towards the rim."""
    dx, dy, dz = spacing_mm
    rods: dict[int, list[tuple[int, int]]] = {}
    for z in range(-int(radius_mm // dz), int(radius_mm // dz) + 1):
        for y in range(-int(radius_mm // dy), int(radius_mm // dy) + 1):
            left = radius_mm**2 - (z * dz) ** 2 - (y * dy) ** 2
            if left >= 0:
                rods.setdefault(int(sqrt(left) // dx), []).append((z, y))
    result = np.zeros_like(words)
    grown = words.copy()
    for half in range(max(rods) + 1):
        if half:
            grown = words | _shifted(grown, 1) | _shifted(grown, -1)
        for z, y in rods.get(half, ()):
            to_z, from_z = _overlap(z, words.shape[0])
            to_y, from_y = _overlap(y, words.shape[1])
            result[to_z, to_y] |= grown[from_z, from_y]
    return result


def _shifted(words: NDArray[np.uint64], by: int) -> NDArray[np.uint64]:
    """Move every bit one place along x, carrying over from word to word."""
    result = words << np.uint64(1) if by > 0 else words >> np.uint64(1)
    carry = np.uint64(_WORD - 1)
    if by > 0:
        result[..., 1:] |= words[..., :-1] >> carry
    else:
        result[..., :-1] |= words[..., 1:] << carry
    return result


def _overlap(by: int, length: int) -> tuple[slice, slice]:
    left = max(0, length - abs(by))
    return (slice(by, length), slice(0, left)) if by >= 0 else (slice(0, left), slice(-by, length))

"""At which blocks is the score higher than at every neighbour? A user of numba, like `blocks`."""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray


def peaks(score: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the places (N, 3) as z, y, x that no neighbour exceeds, the highest first, equal ones in order of place.

    Of equal neighbours the first one is the peak; a score of 0 is none.
    """
    at = np.flatnonzero(_is_peak(score))
    at = at[np.argsort(-score.ravel()[at], kind="stable")]
    return np.stack(np.unravel_index(at, score.shape), axis=1)


@njit(parallel=True, cache=True)
def _is_peak(score):  # type: ignore[no-untyped-def]
    depth, height, width = score.shape
    result = np.zeros(score.shape, np.bool_)
    for z in prange(depth):
        for y in range(height):
            for x in range(width):
                here = score[z, y, x]
                if here > 0:
                    result[z, y, x] = not _is_exceeded(score, z, y, x, here)
    return result


@njit(cache=True)
def _is_exceeded(score, z, y, x, here):  # type: ignore[no-untyped-def]
    depth, height, width = score.shape
    for dz in (0, -1, 1):
        for dy in (0, -1, 1):
            for dx in (-1, 1, 0):
                i, j, k = z + dz, y + dy, x + dx
                if 0 <= i < depth and 0 <= j < height and 0 <= k < width:
                    there = score[i, j, k]
                    if there > here:
                        return True
                    if there == here and (dz, dy, dx) < (0, 0, 0):
                        return True
    return False

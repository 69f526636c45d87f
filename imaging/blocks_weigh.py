"""The learned score's arithmetic: block features to a block score, shapes to a place's score.

Users of numba, like `blocks`: every block and every place is its own sum in a fixed order, so that no library's choice
of threads can change a digit. `blocks_weigh_numpy` holds the plain twins.
"""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from imaging.blocks import Blocks

SOLID_HU = 30.0  # soft tissue without contrast; a block of it has density 1
MOST_DENSITY, MOST_BOUNDARY, MOST_VARIATION_HU = 1.3, 1.2, 600.0  # beyond, more says nothing more: bone, metal
VARIATION_UNIT_HU = 400.0  # brings variation to the size of the others
LEAST_FILLED = 0.15  # below, a block is a sliver of the mask's rim
MOST_LOGIT = 12.0  # keeps single precision from rounding a score to 1
TERMS = 21  # 1, five quantities, their squares and products


def weigh_blocks(blocks: Blocks, lung_hu: float, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the score of each block, 0 to 1: a logistic of density, similarity, boundary, variation and filling, their
    squares and products. 0 where too little is masked. Args: weights (TERMS,) of this block size."""
    parts = blocks.brightness, blocks.variation, blocks.boundary, blocks.similarity, blocks.filled
    return np.asarray(_weigh_blocks(*parts, np.float32(lung_hu), weights), np.float32)


def weigh_places(
    shape: NDArray[np.float64], hidden: NDArray[np.float64], bias: NDArray[np.float64], out: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return sum(out * tanh(hidden @ shape + bias)) of each place (N,).

    Args: shape (N, F); hidden (H, F); bias and out (H,).
    """
    return np.asarray(_weigh_places(shape, np.ascontiguousarray(hidden.T), bias, out), float)


@njit(parallel=True, cache=True)
def _weigh_blocks(brightness, variation, boundary, similarity, filled, lung_hu, weights):  # type: ignore[no-untyped-def]
    depth, height, width = brightness.shape
    scores = np.zeros(brightness.shape, np.float32)
    for z in prange(depth):
        one = np.empty(5, np.float32)
        for y in range(height):
            for x in range(width):
                if filled[z, y, x] > LEAST_FILLED:
                    density = (brightness[z, y, x] - lung_hu) / (np.float32(SOLID_HU) - lung_hu)
                    one[0] = min(max(density, np.float32(0)), np.float32(MOST_DENSITY))
                    one[1] = similarity[z, y, x]
                    one[2] = min(boundary[z, y, x], np.float32(MOST_BOUNDARY))
                    one[3] = min(variation[z, y, x], np.float32(MOST_VARIATION_HU)) / np.float32(VARIATION_UNIT_HU)
                    one[4] = filled[z, y, x]
                    scores[z, y, x] = _logistic(one, weights)
    return scores


@njit(cache=True)
def _logistic(one, weights):  # type: ignore[no-untyped-def]
    total = weights[0]
    for i in range(5):
        total += weights[1 + i] * one[i]
    term = 6
    for i in range(5):
        for j in range(i, 5):
            total += weights[term] * one[i] * one[j]
            term += 1
    total = min(max(total, np.float32(-MOST_LOGIT)), np.float32(MOST_LOGIT))
    return np.float32(1) / (np.float32(1) + np.exp(-total))


@njit(parallel=True, cache=True)
def _weigh_places(shape, across, bias, out):  # type: ignore[no-untyped-def]
    """`across` is (F, H), so that the processor can do many units at a time."""
    result = np.empty(shape.shape[0])
    for one in prange(shape.shape[0]):
        inner = bias.copy()
        for at in range(shape.shape[1]):
            for unit in range(bias.shape[0]):
                inner[unit] += across[at, unit] * shape[one, at]
        total = 0.0
        for unit in range(bias.shape[0]):
            total += out[unit] * np.tanh(inner[unit])
        result[one] = total
    return result

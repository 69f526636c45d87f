"""The kernels of `blocks_weigh` once more in plain NumPy: what the tests hold the fast ones against."""

import numpy as np
from numpy.typing import NDArray

from imaging.blocks import Blocks
from imaging.blocks_weigh import (
    LEAST_FILLED,
    MOST_BOUNDARY,
    MOST_DENSITY,
    MOST_LOGIT,
    MOST_VARIATION_HU,
    SOLID_HU,
    VARIATION_UNIT_HU,
)


def terms(blocks: Blocks, lung_hu: float) -> NDArray[np.float64]:
    """Return what is weighed of each block (BZ, BY, BX, TERMS)."""
    density = np.clip((blocks.brightness.astype(float) - lung_hu) / (SOLID_HU - lung_hu), 0, MOST_DENSITY)
    variation = np.minimum(blocks.variation.astype(float), MOST_VARIATION_HU) / VARIATION_UNIT_HU
    boundary = np.minimum(blocks.boundary, MOST_BOUNDARY)
    five = [density, blocks.similarity, boundary, variation, blocks.filled]
    products = [five[i] * five[j] for i in range(5) for j in range(i, 5)]
    return np.stack([np.ones_like(density), *five, *products], axis=-1)


def weigh_blocks_numpy(blocks: Blocks, lung_hu: float, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what `blocks_weigh.weigh_blocks` returns."""
    logit = np.clip(terms(blocks, lung_hu) @ weights.astype(float), -MOST_LOGIT, MOST_LOGIT)
    return np.where(blocks.filled > LEAST_FILLED, 1 / (1 + np.exp(-logit)), 0).astype(np.float32)


def weigh_places_numpy(
    shape: NDArray[np.float64], hidden: NDArray[np.float64], bias: NDArray[np.float64], out: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what `blocks_weigh.weigh_places` returns."""
    return np.asarray(np.tanh(shape @ hidden.T + bias) @ out, float)

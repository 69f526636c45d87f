"""The kernel of `blocks_rays` once more in plain NumPy: what the tests hold the fast one against."""

import numpy as np
from numpy.typing import NDArray


def sampled_numpy(
    hu: NDArray[np.int16], centres: NDArray[np.float64], offsets: NDArray[np.float64], low: float, high: float
) -> NDArray[np.float32]:
    """Return what `blocks_rays.sampled` returns."""
    most = np.array(hu.shape[::-1]) - 1
    at = np.clip(centres[:, None, None, :] + offsets, 0, most)
    first = at.astype(int)
    second = np.minimum(first + 1, most)
    share = (at - first).astype(np.float32)
    clipped = np.clip(hu, low, high).astype(np.float32)

    def row(z: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float32]:
        near, far = clipped[z, y, first[..., 0]], clipped[z, y, second[..., 0]]
        return np.asarray(near + share[..., 0] * (far - near), np.float32)

    def plane(z: NDArray[np.int64]) -> NDArray[np.float32]:
        near, far = row(z, first[..., 1]), row(z, second[..., 1])
        return np.asarray(near + share[..., 1] * (far - near), np.float32)

    near, far = plane(first[..., 2]), plane(second[..., 2])
    return np.asarray(near + share[..., 2] * (far - near), np.float32)

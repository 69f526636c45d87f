"""What lies around a place, seen along rays from it? HU sampled at given distances in given directions.

The kernel behind `lump`; a user of numba, like `blocks`. Each ray is its own sum in a fixed order, so the result is
the same bit for bit whatever the number of threads. `blocks_rays_numpy` is its plain twin.
"""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray


def sampled(
    hu: NDArray[np.int16], centres: NDArray[np.float64], offsets: NDArray[np.float64], low: float, high: float
) -> NDArray[np.float32]:
    """Return HU (N, D, R) at `centres` + `offsets`, trilinear, clipped to `low` ... `high` before interpolating.

    Args: hu (Z, Y, X); centres (N, 3) and offsets (D, R, 3) in voxels x, y, z. Outside the volume the nearest voxel
    is taken.
    """
    return np.asarray(_sampled(hu, centres, offsets, np.float32(low), np.float32(high)), np.float32)


@njit(parallel=True, cache=True)
def _sampled(hu, centres, offsets, low, high):  # type: ignore[no-untyped-def]
    many, rays, steps = centres.shape[0], offsets.shape[0], offsets.shape[1]
    out = np.empty((many, rays, steps), np.float32)
    for one in prange(many):
        for ray in range(rays):
            for step in range(steps):
                out[one, ray, step] = _at(
                    hu,
                    centres[one, 0] + offsets[ray, step, 0],
                    centres[one, 1] + offsets[ray, step, 1],
                    centres[one, 2] + offsets[ray, step, 2],
                    low,
                    high,
                )
    return out


@njit(cache=True)
def _at(hu, x, y, z, low, high):  # type: ignore[no-untyped-def]
    depth, height, width = hu.shape
    x, y, z = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0), min(max(z, 0.0), depth - 1.0)
    x0, y0, z0 = int(x), int(y), int(z)
    x1, y1, z1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1), min(z0 + 1, depth - 1)
    fx, fy, fz = np.float32(x - x0), np.float32(y - y0), np.float32(z - z0)
    near = _row(hu[z0, y0], x0, x1, fx, low, high)
    near += fy * (_row(hu[z0, y1], x0, x1, fx, low, high) - near)
    far = _row(hu[z1, y0], x0, x1, fx, low, high)
    far += fy * (_row(hu[z1, y1], x0, x1, fx, low, high) - far)
    return near + fz * (far - near)


@njit(cache=True)
def _row(row, x0, x1, share, low, high):  # type: ignore[no-untyped-def]
    first = min(max(np.float32(row[x0]), low), high)
    second = min(max(np.float32(row[x1]), low), high)
    return first + share * (second - first)

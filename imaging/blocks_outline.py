"""How far is each voxel of a small box from the edge of a mask, and what does the box look like without its noise?

Kernels behind `outline` and the bank's `descriptor`; users of numba, like `blocks`. Each voxel is its own sum in a
fixed order. SciPy's `distance_transform_edt`,
`gaussian_filter` and `label` are what the tests hold them against.
"""

from math import exp, inf, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

_TRUNCATED_SD = 4.0  # where the Gaussian ends, as SciPy ends it
_FAR = 1e9  # mm or voxels: there is no edge
_PER_MM = 1e-3  # of depth: of places equally deep the nearest is taken
_NONE, _ONE = np.float32(0), np.float32(1)


def depths(inside: NDArray[np.bool_], spacing_zyx: tuple[float, ...], most_mm: float = inf) -> NDArray[np.float32]:
    """Return mm (Z, Y, X) to the nearest voxel that is not `inside`, 0 there; `most_mm` where none is nearer.

    The box's border is no edge: what lies beyond it is not known. A small `most_mm` makes it quicker.
    """
    dz, dy, dx = (float(mm) for mm in spacing_zyx)
    return np.asarray(_depths(inside, dz, dy, dx, np.float32(min(most_mm, _FAR) ** 2)))


def calmed(hu: NDArray[np.int16], sigma_mm: float, spacing_zyx: tuple[float, ...]) -> NDArray[np.float32]:
    """Return HU (Z, Y, X) after a Gaussian of `sigma_mm`; the box is mirrored at its border."""
    weights = [_gaussian(sigma_mm / mm) for mm in spacing_zyx]
    return np.asarray(_calmed(hu, *weights))


def box_of(inside: NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    """Return the smallest box that holds all of a mask (Z, Y, X); an empty one where there is nothing."""
    z0, z1, y0, y1, x0, x1 = _box_of(inside)
    return slice(z0, z1), slice(y0, y1), slice(x0, x1)


def joined(inside: NDArray[np.bool_], seed: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the voxels (Z, Y, X) of `inside` that the seed reaches over faces; none where it lies outside."""
    return np.asarray(_joined(inside, seed[0], seed[1], seed[2]))


def deepest(
    depth_mm: NDArray[np.float32], at: NDArray[np.float64], spacing_zyx: tuple[float, ...], most_mm: float
) -> tuple[int, int, int]:
    """Return the voxel z, y, x with the greatest depth within `most_mm` of `at` (z, y, x in voxels)."""
    dz, dy, dx = (float(mm) for mm in spacing_zyx)
    z, y, x = _deepest(depth_mm, float(at[0]), float(at[1]), float(at[2]), dz, dy, dx, float(most_mm))
    return int(z), int(y), int(x)


def _gaussian(sigma: float) -> NDArray[np.float32]:
    reach = int(_TRUNCATED_SD * sigma + 0.5)
    weights = np.array([exp(-0.5 * (n / sigma) ** 2) for n in range(-reach, reach + 1)])
    return np.asarray(weights / weights.sum(), np.float32)


@njit(cache=True)
def _depths(inside, dz, dy, dx, most2):  # type: ignore[no-untyped-def]
    """Squared distances axis by axis: the least of each neighbour's own and its squared way, a whole row at once."""
    depth, height, width = inside.shape
    along_x = np.empty(inside.shape, np.float32)
    for z in range(depth):
        for y in range(height):
            row = along_x[z, y]
            since = np.float32(_FAR)
            for x in range(width):
                since = (since + _ONE) * inside[z, y, x]  # no branch: what comes next can't be guessed
                row[x] = since
            since = np.float32(_FAR)
            for x in range(width - 1, -1, -1):
                since = (since + _ONE) * inside[z, y, x]
                row[x] = min(since, row[x])
            for x in range(width):
                way = np.float32(row[x] * dx) ** 2
                row[x] = way if way < most2 else most2
    along_y = along_x.copy()
    for z in range(depth):
        for y in range(height):
            reach = _reach(along_y[z, y], dy, height)
            for k in range(-min(reach, y), min(reach + 1, height - y)):
                _lessen(along_y[z, y], along_x[z, y + k], np.float32((k * dy) ** 2))
    out = along_y.copy()
    for z in range(depth):
        for y in range(height):
            reach = _reach(out[z, y], dz, depth)
            for k in range(-min(reach, z), min(reach + 1, depth - z)):
                _lessen(out[z, y], along_y[z + k, y], np.float32((k * dz) ** 2))
    return np.sqrt(out)


@njit(cache=True, fastmath={"nnan", "nsz"})  # there are no NaN: lets several be taken at once
def _reach(row, step, count):  # type: ignore[no-untyped-def]
    """Return how many rows away one can still be less."""
    most = np.float32(0)
    for x in range(row.shape[0]):
        most = row[x] if row[x] > most else most
    return min(count, int(np.sqrt(most) / step))


@njit(cache=True, fastmath={"nnan", "nsz"})
def _lessen(row, other, way):  # type: ignore[no-untyped-def]
    for x in range(row.shape[0]):
        told = other[x] + way
        row[x] = told if told < row[x] else row[x]


@njit(cache=True)
def _mirrored(at, count):  # type: ignore[no-untyped-def]
    at = at % (2 * count)
    return at if at < count else 2 * count - 1 - at


@njit(cache=True)
def _calmed(hu, along_z, along_y, along_x):  # type: ignore[no-untyped-def]
    depth, height, width = hu.shape
    own = hu.astype(np.float32)
    reach_z, reach_y, reach_x = along_z.shape[0] // 2, along_y.shape[0] // 2, along_x.shape[0] // 2
    first, out = np.zeros(hu.shape, np.float32), np.zeros(hu.shape, np.float32)
    for z in range(depth):
        for k in range(-reach_z, reach_z + 1):
            source = own[_mirrored(z + k, depth)]
            for y in range(height):
                _add(first[z, y], source[y], along_z[k + reach_z])
    line = np.empty(width + 2 * reach_x, np.float32)
    for z in range(depth):
        for y in range(height):
            middle = line[reach_x : reach_x + width]
            middle[:] = _NONE
            for k in range(-reach_y, reach_y + 1):
                _add(middle, first[z, _mirrored(y + k, height)], along_y[k + reach_y])
            for x in range(reach_x):
                line[reach_x - 1 - x] = middle[_mirrored(-1 - x, width)]
                line[reach_x + width + x] = middle[_mirrored(width + x, width)]
            for k in range(2 * reach_x + 1):
                _add(out[z, y], line[k : k + width], along_x[k])
    return out


@njit(cache=True)
def _add(row, other, weight):  # type: ignore[no-untyped-def]
    for x in range(row.shape[0]):
        row[x] += weight * other[x]


@njit(cache=True)
def _box_of(inside):  # type: ignore[no-untyped-def]
    depth, height, width = inside.shape
    z0, z1, y0, y1, x0, x1 = depth, 0, height, 0, width, 0
    for z in range(depth):
        for y in range(height):
            first, last = -1, -1
            for x in range(width):
                if inside[z, y, x]:
                    first = x if first < 0 else first
                    last = x
            if first >= 0:
                z0, z1 = min(z0, z), z + 1
                y0, y1 = min(y0, y), max(y1, y + 1)
                x0, x1 = min(x0, first), max(x1, last + 1)
    return (z0, z1, y0, y1, x0, x1) if z1 else (0, 0, 0, 0, 0, 0)


@njit(cache=True)
def _joined(inside, z0, y0, x0):  # type: ignore[no-untyped-def]
    depth, height, width = inside.shape
    left = np.zeros((depth + 2, height + 2, width + 2), np.bool_)  # a border of nothing: no neighbour lies outside
    left[1:-1, 1:-1, 1:-1] = inside
    reached = np.zeros(left.shape, np.bool_)
    row = width + 2
    plane = row * (height + 2)
    flat, marked, steps = left.ravel(), reached.ravel(), (1, -1, row, -row, plane, -plane)
    waiting = np.empty(inside.size + 1, np.int64)
    start = (z0 + 1) * plane + (y0 + 1) * row + x0 + 1
    count = 0
    if flat[start]:
        flat[start], marked[start], waiting[0], count = False, True, start, 1
    while count:
        count -= 1
        at = waiting[count]
        for step in steps:
            beside = at + step
            if flat[beside]:
                flat[beside], marked[beside], waiting[count] = False, True, beside
                count += 1
    return reached[1:-1, 1:-1, 1:-1].copy()


@njit(cache=True)
def _deepest(depth_mm, z0, y0, x0, dz, dy, dx, most_mm):  # type: ignore[no-untyped-def]
    depth, height, width = depth_mm.shape
    best, best_z, best_y, best_x = -1.0, 0, 0, 0
    for z in range(max(0, int(z0 - most_mm / dz)), min(depth, int(z0 + most_mm / dz) + 2)):
        for y in range(max(0, int(y0 - most_mm / dy)), min(height, int(y0 + most_mm / dy) + 2)):
            for x in range(max(0, int(x0 - most_mm / dx)), min(width, int(x0 + most_mm / dx) + 2)):
                away = sqrt(((z - z0) * dz) ** 2 + ((y - y0) * dy) ** 2 + ((x - x0) * dx) ** 2)
                worth = depth_mm[z, y, x] - away * _PER_MM
                if away <= most_mm and worth > best:
                    best, best_z, best_y, best_x = worth, z, y, x
    return best_z, best_y, best_x

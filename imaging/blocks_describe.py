"""How often does each HU lie in each layer of a lump, how does its surface run, and how steep is its edge?

Kernels behind the bank's `descriptor`; users of numba, like `blocks`. One pass over a small box each, in a fixed
order. `blocks_describe_numpy` is their plain twin.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

LAYERS = ("inside", "core", "rim", "shell_0", "shell_1", "shell_2", "lung")
LOWEST_HU, HIGHEST_HU = -1024, 1500


def tallied(
    hu: NDArray[np.int16],
    inner: NDArray[np.float32],
    outer: NDArray[np.float32],
    shells_mm: tuple[tuple[float, float], ...],
    lung_below_hu: int,
) -> NDArray[np.int64]:
    """Return how many voxels of each of `LAYERS` have each HU from -1024 to 1500 (L, HU), clipped there.

    Args: inner (Z, Y, X) mm into the lump, 0 outside; outer mm away from it; shells_mm ends of the three shells.
    The core is deeper than half the greatest depth, the rim the rest. Lung lies beyond the first shell.
    """
    return np.asarray(_tallied(hu, inner, outer, np.array(shells_mm, np.float64), lung_below_hu))


def surface(inside: NDArray[np.bool_], spacing_zyx: tuple[float, ...]) -> tuple[NDArray[np.float64], ...]:
    """Return of a mask: its points' spread (3, 3) in mm2, its faces across each axis (3,), and in mm (3,) how far its
    outermost voxels lie from its middle, the sd of that, and how far the farthest lies.
    """
    dz, dy, dx = (float(mm) for mm in spacing_zyx)
    return tuple(np.asarray(one) for one in _surface(inside, dz, dy, dx))


def section(inside: NDArray[np.bool_], pixel_mm: tuple[float, ...]) -> tuple[int, NDArray[np.float64], float, float]:
    """Return of a mask in a plane (Y, X): its pixels, their spread (2, 2) in mm2, the length of its edge along the
    pixels in mm, and the area in mm2 of its convex hull, pixel corners included.
    """
    count, spread, edge, hull = _section(inside, float(pixel_mm[0]), float(pixel_mm[1]))
    return int(count), np.asarray(spread), float(edge), float(hull)


def steepness(
    calm: NDArray[np.float32],
    inner: NDArray[np.float32],
    outer: NDArray[np.float32],
    spacing_zyx: tuple[float, ...],
    band_mm: float,
) -> tuple[NDArray[np.float64], float]:
    """Return HU/mm within the slices: (N,) of the voxels within `band_mm` of the edge, and the mean in the core."""
    edge, core = _steepness(calm, inner, outer, float(spacing_zyx[1]), float(spacing_zyx[2]), float(band_mm))
    return np.asarray(edge), float(core)


@njit(cache=True)
def _tallied(hu, inner, outer, shells, lung_below):  # type: ignore[no-untyped-def]
    depth, height, width = hu.shape
    out = np.zeros((7, HIGHEST_HU - LOWEST_HU + 1), np.int64)
    half = inner.max() / 2
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                value = min(max(hu[z, y, x], LOWEST_HU), HIGHEST_HU)
                into, away, at = inner[z, y, x], outer[z, y, x], value - LOWEST_HU
                if into > 0:
                    out[0, at] += 1
                    out[1 if into > half else 2, at] += 1
                    continue
                for shell in range(3):
                    if shells[shell, 0] < away <= shells[shell, 1]:
                        out[3 + shell, at] += 1
                if away > shells[0, 1] and value < lung_below:
                    out[6, at] += 1
    return out


@njit(cache=True)
def _surface(inside, dz, dy, dx):  # type: ignore[no-untyped-def]
    depth, height, width = inside.shape
    count, sum_z, sum_y, sum_x = 0, 0, 0, 0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if inside[z, y, x]:
                    count += 1
                    sum_z += z
                    sum_y += y
                    sum_x += x
    mean_z, mean_y, mean_x = sum_z / count, sum_y / count, sum_x / count
    zz, zy, zx, yy, yx, xx = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    faces_z, faces_y, faces_x, outermost, total, squares, farthest = 0, 0, 0, 0, 0.0, 0.0, 0.0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                if not inside[z, y, x]:
                    continue
                a, b, c = (z - mean_z) * dz, (y - mean_y) * dy, (x - mean_x) * dx
                zz += a * a
                zy += a * b
                zx += a * c
                yy += b * b
                yx += b * c
                xx += c * c
                away2 = a * a + b * b + c * c
                farthest = max(farthest, away2)
                across_z = (z == 0 or not inside[z - 1, y, x]) + (z == depth - 1 or not inside[z + 1, y, x])
                across_y = (y == 0 or not inside[z, y - 1, x]) + (y == height - 1 or not inside[z, y + 1, x])
                across_x = (x == 0 or not inside[z, y, x - 1]) + (x == width - 1 or not inside[z, y, x + 1])
                faces_z += across_z
                faces_y += across_y
                faces_x += across_x
                if across_z + across_y + across_x:
                    outermost += 1
                    total += np.sqrt(away2)
                    squares += away2
    spread = np.array(((zz, zy, zx), (zy, yy, yx), (zx, yx, xx))) / count
    radius = total / outermost
    sd = np.sqrt(max(squares / outermost - radius * radius, 0.0))
    return spread, np.array((faces_z, faces_y, faces_x), np.float64), np.array((radius, sd, np.sqrt(farthest)))


@njit(cache=True)
def _section(inside, dy, dx):  # type: ignore[no-untyped-def]
    """Pixels, their spread, the length of their staircase edge, and the area that a string around them holds."""
    height, width = inside.shape
    count, sum_y, sum_x, edge = 0, 0, 0, 0.0
    left, right = np.empty((2 * height, 2)), np.empty((2 * height, 2))
    corners = 0
    for y in range(height):
        first, last = -1, -1
        for x in range(width):
            if not inside[y, x]:
                continue
            count += 1
            sum_y += y
            sum_x += x
            first = x if first < 0 else first
            last = x
            edge += ((y == 0 or not inside[y - 1, x]) + (y == height - 1 or not inside[y + 1, x])) * dx
            edge += ((x == 0 or not inside[y, x - 1]) + (x == width - 1 or not inside[y, x + 1])) * dy
        if first >= 0:
            for side in (-0.5, 0.5):
                left[corners] = (y + side) * dy, (first - 0.5) * dx
                right[corners] = (y + side) * dy, (last + 0.5) * dx
                corners += 1
    mean_y, mean_x = sum_y / count, sum_x / count
    yy, yx, xx = 0.0, 0.0, 0.0
    for y in range(height):
        for x in range(width):
            if inside[y, x]:
                b, c = (y - mean_y) * dy, (x - mean_x) * dx
                yy += b * b
                yx += b * c
                xx += c * c
    area = _under(right[:corners], 1.0) - _under(left[:corners], -1.0)
    return count, np.array(((yy, yx), (yx, xx))) / count, edge, area


@njit(cache=True)
def _under(points, sign):  # type: ignore[no-untyped-def]
    """The area between an axis and the string drawn over points that ascend along it (Andrew 1979)."""
    kept = np.empty(points.shape)
    many = 0
    for n in range(points.shape[0]):
        y, x = points[n]
        while many >= 2:
            turn = (kept[many - 1, 0] - kept[many - 2, 0]) * (x - kept[many - 2, 1])
            turn -= (kept[many - 1, 1] - kept[many - 2, 1]) * (y - kept[many - 2, 0])
            if sign * turn < 0:
                break
            many -= 1
        kept[many, 0], kept[many, 1] = y, x
        many += 1
    area = 0.0
    for n in range(1, many):
        area += (kept[n, 0] - kept[n - 1, 0]) * (kept[n, 1] + kept[n - 1, 1]) / 2
    return area


@njit(cache=True)
def _steepness(calm, inner, outer, dy, dx, band):  # type: ignore[no-untyped-def]
    depth, height, width = calm.shape
    edge = np.empty(calm.size)
    half = inner.max() / 2
    found, deep, total = 0, 0, 0.0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                at_edge = outer[z, y, x] <= band and inner[z, y, x] <= band
                if not at_edge and inner[z, y, x] <= half:
                    continue
                y0, y1, x0, x1 = max(y - 1, 0), min(y + 1, height - 1), max(x - 1, 0), min(x + 1, width - 1)
                along_y = (calm[z, y1, x] - calm[z, y0, x]) / (max(y1 - y0, 1) * dy)
                along_x = (calm[z, y, x1] - calm[z, y, x0]) / (max(x1 - x0, 1) * dx)
                slope = np.sqrt(along_y * along_y + along_x * along_x)
                if at_edge:
                    edge[found] = slope
                    found += 1
                if inner[z, y, x] > half:
                    deep += 1
                    total += slope
    return edge[:found].copy(), total / deep

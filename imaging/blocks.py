"""How does every small block of tissue look? Four features a block, in one pass over the volume.

The volume is cut into **cells** of about 4 mm. One pass sums over the masked voxels of each cell; everything else is
arithmetic on cells. A **block** is a cube of cells (8, 16 or 32 mm), and blocks begin at every cell, so they overlap.

The four features of a block, over its masked voxels, HU clipped to [-1024, 1024]:

- *brightness*: mean, HU.
- *variation*: standard deviation, HU.
- *boundary* complexity: area of the faces between neighbouring voxels of which one is tissue (> -400 HU) and the other
  is air, per volume, 1/mm. A smooth lump has little, a bush of vessels or a spiculated edge much.
- *similarity* to the surroundings, 0 to 1: along each of the 13 lines through the block and its 26 neighbours (one
  block away), how alike the block and the more alike of the two neighbours are in tissue (brightness above air), as
  smaller over larger; the mean over the lines. A lone nodule is near 0, a vessel is alike along its line, the inside
  of a wall or of the heart is near 1. A neighbour without masked voxels is like nothing.

Sums are whole numbers, so the result is the same bit for bit whatever the number of threads. The only user of numba;
each kernel has a plain NumPy twin in `blocks_numpy` that the tests compare it with. Never fork after a call.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

TISSUE_HU = -400  # half way between aerated lung (about -850) and soft tissue (about 40)
NAMES = ("brightness", "variation", "boundary", "similarity")
LOWEST_HU, HIGHEST_HU = -1024, 1024  # metal and dense bone would rule every mean; sums also stay within int32
LEAST_TISSUE_HU = 25.0  # noise of a block's mean: two blocks below it are alike, whatever their ratio
MOST_VOXELS = 40  # along an axis of a cell, so that 40 x 40 squares of 1024 HU stay within int32
CELL_MM = 4.0  # half the smallest block: whatever is up to 4 mm wide lies whole in some block
LINES = np.array([(0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 1, 1), (0, 1, -1), (1, 0, 1), (1, 0, -1), (1, 1, 0), (1, -1, 0),
                  (1, 1, 1), (1, 1, -1), (1, -1, 1), (1, -1, -1)])  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Sums over the masked voxels of each cell, of the box of cells that holds the mask.

    `sums` is int64 (6, CZ, CY, CX): voxels, HU, HU squared, air-tissue faces towards +x, +y, +z. `first` is the box's
    first cell, `shape_vox` a cell's size in voxels, `size_mm` in mm, `spacing_mm` the volume's, all x, y, z.
    """

    sums: NDArray[np.int64]
    first: tuple[int, int, int]
    shape_vox: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]

    @property
    def size_mm(self) -> tuple[float, float, float]:
        """A cell's size along x, y, z in mm."""
        x, y, z = (n * mm for n, mm in zip(self.shape_vox, self.spacing_mm, strict=True))
        return x, y, z


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The features of all blocks of one size, float32 (BZ, BY, BX) by first cell; NaN where no voxel is masked.

    `side` is the block's side in cells along x, y, z; `filled` the share of the block that is masked.
    """

    side: tuple[int, int, int]
    filled: NDArray[np.float32]
    brightness: NDArray[np.float32]
    variation: NDArray[np.float32]
    boundary: NDArray[np.float32]
    similarity: NDArray[np.float32]


def cells_of(
    hu: NDArray[np.int16], spacing_mm: tuple[float, float, float], mask: NDArray[np.bool_], step: tuple[int, int, int]
) -> Cells:
    """Return the sums of every cell of a volume that could hold masked voxels.

    Args: hu (Z, Y, X); mask: one value for each `step` (x, y, z) voxels, (ceil(Z / step z), ...).
    """
    shape = cell_shape(spacing_mm, step)
    first, number = cell_box(mask, step, shape)
    x0, x1 = first[0] * shape[0], min((first[0] + number[0]) * shape[0], hu.shape[2])
    used = mask[:, :, x0 // step[0] : -(-x1 // step[0])].view(np.uint8)  # a cell begins where a mask step begins
    inside = np.ascontiguousarray(np.repeat(used, step[0], axis=2)[:, :, : x1 - x0])
    sizes = (np.array(one) for one in (step, shape, first, number))
    sums = _cell_sums(hu, inside, inside.any(axis=2), *sizes)
    return Cells(sums=sums, first=first, shape_vox=shape, spacing_mm=spacing_mm)


def cell_shape(spacing_mm: tuple[float, float, float], step: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return a cell's size in voxels (x, y, z): whole mask steps, as near to CELL_MM as they allow."""
    x, y, z = (
        max(1, min(round(CELL_MM / (mm * one)), MOST_VOXELS // one)) * one
        for mm, one in zip(spacing_mm, step, strict=True)
    )
    return x, y, z


def cell_box(
    mask: NDArray[np.bool_], step: tuple[int, int, int], shape: tuple[int, int, int]
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return the first cell and the number of cells (x, y, z) of the box that holds the mask; one if it is empty."""
    first, number = [], []
    for axis in (2, 1, 0):
        places = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        per_cell = shape[2 - axis] // step[2 - axis]
        low, high = (places[0] // per_cell, places[-1] // per_cell) if len(places) else (0, 0)
        first.append(int(low))
        number.append(int(high - low + 1))
    return (first[0], first[1], first[2]), (number[0], number[1], number[2])


def blocks_of(cells: Cells, size_mm: float, lung_hu: float) -> Blocks:
    """Return the four features of all blocks with a side of about `size_mm`; `lung_hu` is this scan's aerated lung."""
    pairs = zip(cells.size_mm[::-1], cells.sums.shape[1:], strict=True)
    z, y, x = (min(max(1, round(size_mm / mm)), most) for mm, most in pairs)
    side = np.array([z, y, x])
    sums = _block_sums(cells.sums, side)
    dx, dy, dz = cells.spacing_mm
    features = _features(sums, np.array([dy * dz, dx * dz, dx * dy]), dx * dy * dz, lung_hu, side, LINES)
    whole = np.float32(x * y * z * np.prod(cells.shape_vox))
    return Blocks(side=(x, y, z), filled=sums[0].astype(np.float32) / whole, **dict(zip(NAMES, features, strict=True)))


@njit(parallel=True, cache=True)
def _cell_sums(hu, mask, is_used, step, shape, first, number):  # type: ignore[no-untyped-def]
    sums = np.zeros((6, number[2], number[1], number[0]), np.int64)
    for row in prange(number[2] * number[1]):
        _cell_row(hu, mask, is_used, step, shape, first, row // number[1], row % number[1], sums)
    return sums


@njit(cache=True)
def _cell_row(hu, mask, is_used, step, shape, first, iz, iy, sums):  # type: ignore[no-untyped-def]
    depth, height, _ = hu.shape
    _, sy, sz = step
    cx, cy, cz = shape
    width, x0 = mask.shape[2], first[0] * cx
    z0, y0, x1 = (first[2] + iz) * cz, (first[1] + iy) * cy, x0 + width
    # Down each column first: this the processor does many at a time, and with edges in int16 twice as many.
    count, total, squares = np.zeros(width, np.int32), np.zeros(width, np.int32), np.zeros(width, np.int32)
    along_x, along_y, along_z = np.zeros(width, np.int16), np.zeros(width, np.int16), np.zeros(width, np.int16)
    for z in range(z0, min(z0 + cz, depth)):
        for y in range(y0, min(y0 + cy, height)):
            if is_used[z // sz, y // sy]:
                y_next, z_next = min(y + 1, height - 1), min(z + 1, depth - 1)
                here, inside = hu[z, y, x0:x1], mask[z // sz, y // sy]
                _add_values(here, inside, count, total, squares)
                _add_faces(here[:-1], here[1:], inside[:-1], inside[1:], along_x)
                _add_faces(here, hu[z, y_next, x0:x1], inside, mask[z // sz, y_next // sy], along_y)
                _add_faces(here, hu[z_next, y, x0:x1], inside, mask[z_next // sz, y // sy], along_z)
    _gather(count, cx, sums[0, iz, iy])
    _gather(total, cx, sums[1, iz, iy])
    _gather(squares, cx, sums[2, iz, iy])
    _gather(along_x, cx, sums[3, iz, iy])
    _gather(along_y, cx, sums[4, iz, iy])
    _gather(along_z, cx, sums[5, iz, iy])


@njit(cache=True)
def _gather(columns, cx, cells):  # type: ignore[no-untyped-def]
    for x in range(columns.shape[0]):
        cells[x // cx] += columns[x]


@njit(cache=True)
def _add_values(here, inside, count, total, squares):  # type: ignore[no-untyped-def]
    for x in range(here.shape[0]):
        one = np.int32(inside[x])
        value = np.int32(max(np.int32(min(np.int32(here[x]), np.int32(HIGHEST_HU))), np.int32(LOWEST_HU)))
        value = np.int32(value * one)
        count[x] = np.int32(count[x] + one)
        total[x] = np.int32(total[x] + value)
        squares[x] = np.int32(squares[x] + np.int32(value * value))


@njit(cache=True)
def _add_faces(here, there, here_in, there_in, edges):  # type: ignore[no-untyped-def]
    for x in range(here.shape[0]):
        is_face = (here[x] > TISSUE_HU) != (there[x] > TISSUE_HU)
        edges[x] = np.int16(edges[x] + np.int16(here_in[x] & there_in[x] & is_face))


@njit(parallel=True, cache=True)
def _block_sums(cells, side):  # type: ignore[no-untyped-def]
    """Return (M, BZ, BY, BX): the sums of M quantities (M, CZ, CY, CX) over boxes of `side` (z, y, x) cells."""
    many, nz, ny, nx = cells.shape
    out = np.zeros((many, nz - side[0] + 1, ny - side[1] + 1, nx - side[2] + 1), np.int64)
    for plane in prange(many * out.shape[1]):
        one, z = plane // out.shape[1], plane % out.shape[1]
        _box_sums(cells[one, z : z + side[0]], side, out[one, z])
    return out


@njit(cache=True)
def _box_sums(slab, side, out):  # type: ignore[no-untyped-def]
    column = np.zeros(slab.shape[2], np.int64)
    for y in range(out.shape[0]):
        column[:] = 0
        for dz in range(side[0]):
            for dy in range(side[1]):
                for x in range(slab.shape[2]):
                    column[x] += slab[dz, y + dy, x]
        running = 0
        for x in range(side[2]):
            running += column[x]
        out[y, 0] = running
        for x in range(1, out.shape[1]):
            running += column[x + side[2] - 1] - column[x - 1]
            out[y, x] = running


@njit(parallel=True, cache=True)
def _features(sums, areas, voxel_mm3, lung_hu, side, lines):  # type: ignore[no-untyped-def]
    _, bz, by, bx = sums.shape
    brightness = np.full((bz, by, bx), np.nan, np.float32)
    variation, boundary, similarity = brightness.copy(), brightness.copy(), brightness.copy()
    for z in prange(bz):
        for y in range(by):
            for x in range(bx):
                n = sums[0, z, y, x]
                if n:
                    mean = sums[1, z, y, x] / n
                    brightness[z, y, x] = mean
                    variation[z, y, x] = np.sqrt(max(sums[2, z, y, x] / n - mean * mean, 0.0))
                    area = sums[3, z, y, x] * areas[0] + sums[4, z, y, x] * areas[1] + sums[5, z, y, x] * areas[2]
                    boundary[z, y, x] = area / (n * voxel_mm3)
    for z in prange(bz):
        for y in range(by):
            for x in range(bx):
                if sums[0, z, y, x]:
                    similarity[z, y, x] = _alike(brightness, z, y, x, lung_hu, side, lines)
    return brightness, variation, boundary, similarity


@njit(cache=True)
def _alike(brightness, z, y, x, lung_hu, side, lines):  # type: ignore[no-untyped-def]
    here = max(brightness[z, y, x] - lung_hu, np.float32(LEAST_TISSUE_HU))
    alike = 0.0
    for line in range(lines.shape[0]):
        best = 0.0
        for sign in (-1, 1):
            nz = z + sign * lines[line, 0] * side[0]
            ny = y + sign * lines[line, 1] * side[1]
            nx = x + sign * lines[line, 2] * side[2]
            if 0 <= nz < brightness.shape[0] and 0 <= ny < brightness.shape[1] and 0 <= nx < brightness.shape[2]:
                there = brightness[nz, ny, nx]
                if not np.isnan(there):
                    there = max(there - lung_hu, np.float32(LEAST_TISSUE_HU))
                    best = max(best, min(here, there) / max(here, there))
        alike += best
    return alike / lines.shape[0]

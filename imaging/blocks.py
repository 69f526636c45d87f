"""How does every small block of tissue look? Four features a block, in one pass over the volume.

The volume is cut into **cells** of about 4 mm. One pass sums over the masked voxels of each cell; everything else is
arithmetic on cells. A **block** is a cube of cells (4, 8, 16 or 32 mm). Blocks overlap: small ones begin at every cell,
those of four cells or more at every second one.

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
STRIDE = 64  # voxels; the processor's widest registers times two, so that no rest is left to be done one by one
LARGE = 4  # cells along a side from which a step of two cells shifts a block by half of itself or less
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
    """The features of all blocks of one size, float32 (BZ, BY, BX) by first cell over stride; NaN where none is masked.

    `side` is the block's side in cells along x, y, z, `stride` how many cells after one the next begins; `filled` the
    share of the block that is masked.
    """

    side: tuple[int, int, int]
    stride: tuple[int, int, int]
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
    sizes = (np.array(one) for one in (step, shape, first, number))
    sums = _cell_sums(hu, np.ascontiguousarray(mask).view(np.uint8), *sizes)
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
    side, stride = block_side(cells, size_mm)
    is_cell = side == (1, 1, 1)
    sums = cells.sums if is_cell else _block_sums(cells.sums, np.array(side[::-1]), np.array(stride[::-1]))
    dx, dy, dz = cells.spacing_mm
    areas = np.array([dy * dz, dx * dz, dx * dy])
    away = np.array([one // by for one, by in zip(side[::-1], stride[::-1], strict=True)])
    features = _features(sums, areas, dx * dy * dz, np.float32(lung_hu), away, LINES)
    whole = np.float32(np.prod(side) * np.prod(cells.shape_vox))
    filled = sums[0].astype(np.float32) / whole
    return Blocks(side=side, stride=stride, filled=filled, **dict(zip(NAMES, features, strict=True)))


def block_side(cells: Cells, size_mm: float) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return the side of a block of about `size_mm` and how far one begins after another, in cells along x, y, z."""
    x, y, z = (
        min(max(1, round(size_mm / mm)), most) for mm, most in zip(cells.size_mm, cells.sums.shape[:0:-1], strict=True)
    )
    sx, sy, sz = (2 if one >= LARGE and one % 2 == 0 else 1 for one in (x, y, z))
    return (x, y, z), (sx, sy, sz)


@njit(parallel=True, cache=True)
def _cell_sums(hu, mask, step, shape, first, number):  # type: ignore[no-untyped-def]
    sums = np.zeros((6, number[2], number[1], number[0]), np.int64)
    for row in prange(number[2] * number[1]):
        _cell_row(hu, mask, step, shape, first, row // number[1], row % number[1], sums)
    return sums


@njit(cache=True)
def _cell_row(hu, mask, step, shape, first, iz, iy, sums):  # type: ignore[no-untyped-def]
    """Sum a row of cells, run by run: between the lungs nothing is read."""
    number = sums.shape[3]
    used = _used(mask, step, shape, first, iz, iy, number)
    end = 0
    while end < number:
        begin = end
        while begin < number and not used[begin]:
            begin += 1
        end = begin
        while end < number and used[end]:
            end += 1
        if begin < end:
            _cell_run(hu, mask, step, shape, first, iz, iy, begin, end, sums)


@njit(cache=True)
def _cell_run(hu, mask, step, shape, first, iz, iy, begin, end, sums):  # type: ignore[no-untyped-def]
    depth, height, _ = hu.shape
    _, sy, sz = step
    cx, cy, cz = shape
    z0, y0, x0 = (first[2] + iz) * cz, (first[1] + iy) * cy, first[0] * cx
    x0 += begin * cx
    # Whole strides of the processor, where the row has room: what lies past the run's end is summed and not gathered.
    width = min(-(-(end - begin) * cx // STRIDE) * STRIDE, hu.shape[2] - x0)
    x1, faces = x0 + width, min(width, hu.shape[2] - x0 - 1)
    # The mask of this row of cells, and of what follows along x, y and z, one value a voxel.
    lines = np.zeros((cz // sz + 1, cy // sy + 1, width + 1), np.int16)
    _lay_out(mask, step, z0 // sz, y0 // sy, x0, lines)
    # Down each column first: this the processor does many at a time, and in int16 twice as many.
    count, total, squares = np.zeros(width, np.int16), np.zeros(width, np.int32), np.zeros(width, np.int32)
    along_x, along_y, along_z = np.zeros(width, np.int16), np.zeros(width, np.int16), np.zeros(width, np.int16)
    for z in range(z0, min(z0 + cz, depth)):
        for y in range(y0, min(y0 + cy, height)):
            y_next, z_next = min(y + 1, height - 1), min(z + 1, depth - 1)
            here, inside = hu[z, y, x0:x1], lines[(z - z0) // sz, (y - y0) // sy]
            _add_values(here, inside, count, total, squares)
            _add_faces(here[:faces], hu[z, y, x0 + 1 : x1 + 1], inside, inside[1:], along_x)
            _add_faces(here, hu[z, y_next, x0:x1], inside, lines[(z - z0) // sz, (y_next - y0) // sy], along_y)
            _add_faces(here, hu[z_next, y, x0:x1], inside, lines[(z_next - z0) // sz, (y - y0) // sy], along_z)
    _gather(count, cx, sums[0, iz, iy, begin:end])
    _gather(total, cx, sums[1, iz, iy, begin:end])
    _gather(squares, cx, sums[2, iz, iy, begin:end])
    _gather(along_x, cx, sums[3, iz, iy, begin:end])
    _gather(along_y, cx, sums[4, iz, iy, begin:end])
    _gather(along_z, cx, sums[5, iz, iy, begin:end])


@njit(cache=True)
def _used(mask, step, shape, first, iz, iy, number):  # type: ignore[no-untyped-def]
    """Return which cells of a row of cells hold masked voxels."""
    per_x, per_y, per_z = shape // step
    used = np.zeros(number, np.bool_)
    my, mz = (first[1] + iy) * per_y, (first[2] + iz) * per_z
    for z in range(mz, min(mz + per_z, mask.shape[0])):
        for y in range(my, min(my + per_y, mask.shape[1])):
            line = mask[z, y]
            for cell in range(number):
                low = (first[0] + cell) * per_x
                for x in range(low, min(low + per_x, line.shape[0])):
                    if line[x]:
                        used[cell] = True
    return used


@njit(cache=True)
def _lay_out(mask, step, mz, my, x0, lines):  # type: ignore[no-untyped-def]
    for z in range(lines.shape[0]):
        for y in range(lines.shape[1]):
            if mz + z < mask.shape[0] and my + y < mask.shape[1]:
                line = mask[mz + z, my + y]
                # The first voxel of a cell is the first one of a step.
                for at in range(min(-(-lines.shape[2] // step[0]), line.shape[0] - x0 // step[0])):
                    value = np.int16(line[x0 // step[0] + at])
                    for x in range(at * step[0], min((at + 1) * step[0], lines.shape[2])):
                        lines[z, y, x] = value


@njit(cache=True)
def _gather(columns, cx, cells):  # type: ignore[no-untyped-def]
    for cell in range(cells.shape[0]):
        total = np.int64(0)
        for x in range(cell * cx, min((cell + 1) * cx, columns.shape[0])):
            total += columns[x]
        cells[cell] = total


@njit(cache=True)
def _add_values(here, inside, count, total, squares):  # type: ignore[no-untyped-def]
    for x in range(here.shape[0]):
        held = min(max(here[x], np.int16(LOWEST_HU)), np.int16(HIGHEST_HU))
        value = np.int32(held) * np.int32(inside[x])
        count[x] = np.int16(count[x] + inside[x])
        total[x] = np.int32(total[x] + np.int32(value))
        squares[x] = np.int32(squares[x] + np.int32(np.int32(value) * np.int32(value)))


@njit(cache=True)
def _add_faces(here, there, here_in, there_in, edges):  # type: ignore[no-untyped-def]
    for x in range(here.shape[0]):
        is_face = (here[x] > np.int16(TISSUE_HU)) != (there[x] > np.int16(TISSUE_HU))
        edges[x] = np.int16(edges[x] + np.int16(here_in[x] & there_in[x] & is_face))


@njit(parallel=True, cache=True)
def _block_sums(cells, side, stride):  # type: ignore[no-untyped-def]
    """Return (M, BZ, BY, BX): the sums of M quantities (M, CZ, CY, CX) over boxes of `side` (z, y, x) cells."""
    many, nz, ny, nx = cells.shape
    bz, by, bx = (np.array([nz, ny, nx]) - side) // stride + 1
    out = np.zeros((many, bz, by, bx), np.int64)
    for plane in prange(many * bz):
        one, z = plane // bz, plane % bz
        _box_sums(cells[one, z * stride[0] : z * stride[0] + side[0]], side, stride, out[one, z])
    return out


@njit(cache=True)
def _box_sums(slab, side, stride, out):  # type: ignore[no-untyped-def]
    _, ny, nx = slab.shape
    flat = np.zeros((ny, nx), np.int64)
    for dz in range(side[0]):
        for y in range(ny):
            for x in range(nx):
                flat[y, x] += slab[dz, y, x]
    column = np.zeros(nx, np.int64)
    for y in range(out.shape[0]):
        column[:] = 0
        for dy in range(side[1]):
            for x in range(nx):
                column[x] += flat[y * stride[1] + dy, x]
        for x in range(out.shape[1]):
            total = np.int64(0)
            for dx in range(side[2]):
                total += column[x * stride[2] + dx]
            out[y, x] = total


@njit(parallel=True, cache=True)
def _features(sums, areas, voxel_mm3, lung_hu, away, lines):  # type: ignore[no-untyped-def]
    _, bz, by, bx = sums.shape
    brightness = np.full((bz, by, bx), np.nan, np.float32)
    variation, boundary, similarity = brightness.copy(), brightness.copy(), brightness.copy()
    # Tissue above lung, with a rim of nothing all round: nothing is like nothing.
    rim = away[0], away[1], away[2]
    tissue = np.zeros((bz + 2 * rim[0], by + 2 * rim[1], bx + 2 * rim[2]), np.float32)
    for z in prange(bz):
        for y in range(by):
            for x in range(bx):
                n = sums[0, z, y, x]
                if n:
                    mean = sums[1, z, y, x] / n
                    brightness[z, y, x] = mean
                    above = np.float32(mean) - lung_hu
                    tissue[z + rim[0], y + rim[1], x + rim[2]] = max(above, np.float32(LEAST_TISSUE_HU))
                    variation[z, y, x] = np.sqrt(max(sums[2, z, y, x] / n - mean * mean, 0.0))
                    area = sums[3, z, y, x] * areas[0] + sums[4, z, y, x] * areas[1] + sums[5, z, y, x] * areas[2]
                    boundary[z, y, x] = area / (n * voxel_mm3)
    for z in prange(bz):
        alike = np.empty(bx, np.float32)
        for y in range(by):
            first, last = _filled_part(sums[0, z, y])
            alike[first:last] = 0
            for line in range(lines.shape[0]):
                oz, oy, ox = lines[line, 0] * rim[0], lines[line, 1] * rim[1], lines[line, 2] * rim[2]
                row = tissue[z + rim[0], y + rim[1], rim[2] :]
                before = tissue[z + rim[0] - oz, y + rim[1] - oy, rim[2] - ox :]
                after = tissue[z + rim[0] + oz, y + rim[1] + oy, rim[2] + ox :]
                _add_alike(row, before, after, first, last, alike)
            for x in range(first, last):
                if sums[0, z, y, x]:
                    similarity[z, y, x] = alike[x] / np.float32(lines.shape[0])
    return brightness, variation, boundary, similarity


@njit(cache=True)
def _filled_part(counts):  # type: ignore[no-untyped-def]
    first, last = 0, counts.shape[0]
    while first < last and counts[first] == 0:
        first += 1
    while first < last and counts[last - 1] == 0:
        last -= 1
    return first, last


@njit(cache=True, error_model="numpy")  # error model: a division by 0 must not stop the processor's doing many at once
def _add_alike(row, before, after, first, last, alike):  # type: ignore[no-untyped-def]
    for x in range(first, last):
        here = max(row[x], np.float32(1))
        one = min(here, before[x]) / max(here, before[x])
        other = min(here, after[x]) / max(here, after[x])
        alike[x] += max(one, other)

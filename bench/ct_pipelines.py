"""The four block features once more, as one would write them with NumPy, SciPy or SimpleITK: for `bench_ct.py`.

All give features of 8 mm blocks over the lungs at every cell, to within rounding of the box to whole voxels.
"""

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from imaging.blocks import HIGHEST_HU, LINES, LOWEST_HU, TISSUE_HU, Cells, blocks_of
from imaging.blocks_numpy import _similarity


def by_numpy(
    hu: np.ndarray, inside: np.ndarray, spacing: tuple[float, float, float], cell: tuple[int, int, int]
) -> object:
    """Return the blocks from sums over cells made by reshaping."""
    x, y, z = cell
    nz, ny, nx = (-(-n // one) for n, one in zip(hu.shape, (z, y, x), strict=True))
    pad = [(0, n * one - have) for n, one, have in zip((nz, ny, nx), (z, y, x), hu.shape, strict=True)]
    value = np.where(inside, np.clip(hu, LOWEST_HU, HIGHEST_HU), 0).astype(np.int32)
    parts = [inside.astype(np.int32), value, value * value, *_faces(hu, inside)]
    sums = [np.pad(one, pad).reshape(nz, z, ny, y, nx, x).sum(axis=(1, 3, 5), dtype=np.int64) for one in parts]
    return blocks_of(Cells(sums=np.stack(sums), first=(0, 0, 0), shape_vox=cell, spacing_mm=spacing), 8.0, -850.0)


def by_scipy(hu: np.ndarray, inside: np.ndarray, cell: tuple[int, int, int]) -> object:
    """Return mean, spread, faces and similarity from `uniform_filter` over the whole volume."""
    side = tuple(2 * one for one in cell[::-1])

    def boxed(part: np.ndarray) -> np.ndarray:
        return ndimage.uniform_filter(part.astype(np.float32), side, mode="constant")

    value = np.where(inside, np.clip(hu, LOWEST_HU, HIGHEST_HU), 0).astype(np.float32)
    return _told(boxed(inside), boxed(value), boxed(value * value), boxed(sum(_faces(hu, inside))), cell)


def by_simpleitk(hu: np.ndarray, inside: np.ndarray, cell: tuple[int, int, int]) -> object:
    """Return the same from `BoxMean` over the whole volume."""

    def boxed(part: np.ndarray) -> np.ndarray:
        image = sitk.GetImageFromArray(part.astype(np.float32))
        return sitk.GetArrayFromImage(sitk.BoxMean(image, [int(one) for one in cell]))

    value = np.where(inside, np.clip(hu, LOWEST_HU, HIGHEST_HU), 0).astype(np.float32)
    return _told(boxed(inside), boxed(value), boxed(value * value), boxed(sum(_faces(hu, inside))), cell)


def _told(n: np.ndarray, mean: np.ndarray, square: np.ndarray, faces: np.ndarray, cell: tuple[int, int, int]) -> object:
    at = tuple(slice(None, None, one) for one in cell[::-1])
    n, mean, square, faces = n[at], mean[at], square[at], faces[at]
    with np.errstate(invalid="ignore", divide="ignore"):
        brightness, boundary = mean / n, faces / n
        variation = np.sqrt(np.maximum(square / n - brightness**2, 0))
    assert len(LINES) == 13
    return brightness, variation, boundary, _similarity(brightness, (2, 2, 2), -850.0)


def _faces(hu: np.ndarray, inside: np.ndarray) -> list[np.ndarray]:
    tissue, result = hu > TISSUE_HU, []
    for axis in (2, 1, 0):
        here = tuple(slice(None, -1) if one == axis else slice(None) for one in range(3))
        there = tuple(slice(1, None) if one == axis else slice(None) for one in range(3))
        face = np.zeros(hu.shape, np.int8)
        face[here] = inside[here] & inside[there] & (tissue[here] != tissue[there])
        result.append(face)
    return result

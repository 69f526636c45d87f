"""The kernels of `blocks_describe` once more in plain NumPy: what the tests hold the fast ones against."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from imaging.blocks_describe import HIGHEST_HU, LOWEST_HU


def tallied_numpy(
    hu: NDArray[np.int16],
    inner: NDArray[np.float32],
    outer: NDArray[np.float32],
    shells_mm: tuple[tuple[float, float], ...],
    lung_below_hu: int,
) -> NDArray[np.int64]:
    """Return what `blocks_describe.tallied` returns."""
    core = inner > inner.max() / 2
    layers = [inner > 0, core, (inner > 0) & ~core]
    layers += [(outer > low) & (outer <= high) for low, high in shells_mm]
    layers += [(outer > shells_mm[0][1]) & (hu < lung_below_hu)]
    at = np.clip(hu, LOWEST_HU, HIGHEST_HU).astype(np.int64) - LOWEST_HU
    return np.stack([np.bincount(at[one], minlength=HIGHEST_HU - LOWEST_HU + 1) for one in layers])


def surface_numpy(inside: NDArray[np.bool_], spacing_zyx: tuple[float, ...]) -> tuple[NDArray[np.float64], ...]:
    """Return what `blocks_describe.surface` returns."""
    points = np.argwhere(inside) * spacing_zyx
    from_mean = points - points.mean(0)
    wide = np.pad(inside, 1)
    faces = np.array([float(np.count_nonzero(np.diff(wide.astype(np.int8), axis=axis))) for axis in range(3)])
    buried = np.all([np.roll(wide, by, axis) for axis in range(3) for by in (-1, 1)], axis=0)[1:-1, 1:-1, 1:-1]
    away = np.linalg.norm(from_mean, axis=1)
    outermost = away[~buried[inside]]
    radii = np.array([outermost.mean(), outermost.std(), away.max()])
    return from_mean.T @ from_mean / len(points), faces, radii


def section_numpy(
    inside: NDArray[np.bool_], pixel_mm: tuple[float, ...]
) -> tuple[int, NDArray[np.float64], float, float]:
    """Return what `blocks_describe.section` returns."""
    at = np.argwhere(inside)
    from_mean = (at - at.mean(0)) * pixel_mm
    edges = np.pad(inside, 1).astype(np.int8)
    edge = np.count_nonzero(np.diff(edges, axis=0)) * pixel_mm[1] + np.count_nonzero(np.diff(edges)) * pixel_mm[0]
    corners = (at[:, None] + np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])).reshape(-1, 2) * pixel_mm
    hull = float(ConvexHull(corners).volume)  # of a plane figure Qhull calls the area `volume`
    return len(at), from_mean.T @ from_mean / len(at), float(edge), hull


def steepness_numpy(
    calm: NDArray[np.float32],
    inner: NDArray[np.float32],
    outer: NDArray[np.float32],
    spacing_zyx: tuple[float, ...],
    band_mm: float,
) -> tuple[NDArray[np.float64], float]:
    """Return what `blocks_describe.steepness` returns."""
    along_y, along_x = np.gradient(calm.astype(np.float64), spacing_zyx[1], spacing_zyx[2], axis=(1, 2))
    slope = np.sqrt(along_y**2 + along_x**2)
    return slope[(outer <= band_mm) & (inner <= band_mm)], float(slope[inner > inner.max() / 2].mean())

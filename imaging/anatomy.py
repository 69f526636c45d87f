"""What does a drawn chest look like in Hounsfield units? The parts of the phantom, in LPS mm around its middle.

Ellipsoids, cylinders and trees, sized like an adult. It is a drawing, not a simulation of a scanner: good for showing
the chain at work and for places known exactly, no measure of how real lesions are found.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Grid = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]  # z, y, x in mm, ready to broadcast
Sphere = tuple[tuple[float, float, float], float, float]  # centre LPS mm, diameter mm, HU

AIR, FAT, MUSCLE, BLOOD, LIVER, MARROW, CORTEX, LUNG = -1000.0, -100.0, 50.0, 45.0, 60.0, 180.0, 600.0, -860.0
VESSEL_HU = 35.0
VESSEL_WAYS = (
    (0.3, -0.5, 0.8),
    (0.8, -0.2, 0.4),
    (0.6, 0.4, 0.3),
    (0.5, -0.6, -0.4),
    (0.7, 0.2, -0.6),
    (0.3, 0.6, -0.7),
)
LEAST_VESSEL_MM = 0.75  # radius; thinner ones are below what a slice resolves
BODY_MM = (165.0, 112.0)  # half width, half depth
THORAX_MM = (138.0, 92.0)  # inside of the ribs
LUNG_CENTRE_MM, LUNG_HALF_MM = (74.0, 2.0, 10.0), (56.0, 80.0, 118.0)
HILUM_MM = (26.0, 12.0, 5.0)
RIB_PITCH_MM, RIB_HEIGHT_MM = 27.0, 9.0


def draw(grid: Grid, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return HU (Z, Y, X) of a chest without lesions and without noise; the vessels come from `rng`."""
    z, y, x = grid
    hu = np.full(np.broadcast_shapes(z.shape, y.shape, x.shape), AIR, np.float32)
    hu[_ellipsoid(grid, (0, 0, 0), (*BODY_MM, np.inf))] = FAT
    hu[_ellipsoid(grid, (0, 0, 0), (BODY_MM[0] - 14, BODY_MM[1] - 11, np.inf))] = MUSCLE
    hu[np.broadcast_to(_ribs(grid), hu.shape)] = CORTEX
    lungs = np.zeros(hu.shape, bool)
    for side in (-1, 1):
        centre = (side * LUNG_CENTRE_MM[0], LUNG_CENTRE_MM[1], LUNG_CENTRE_MM[2])
        lungs |= _ellipsoid(grid, centre, LUNG_HALF_MM)
    heart = _ellipsoid(grid, (22, -28, -35), (56, 48, 58))
    liver = _ellipsoid(grid, (-62, -5, -125), (82, 88, 78))
    stomach = _ellipsoid(grid, (70, -5, -135), (66, 76, 70))
    lungs &= ~(heart | liver | stomach)
    hu[lungs] = LUNG
    hu[heart] = BLOOD
    hu[liver] = LIVER
    hu[stomach] = 20.0
    hu[np.broadcast_to(_tube(grid, (18, 38), 12), hu.shape)] = BLOOD  # descending aorta
    hu[np.broadcast_to(_tube(grid, (0, 68), 19), hu.shape)] = CORTEX  # spine
    hu[np.broadcast_to(_tube(grid, (0, 68), 16), hu.shape)] = MARROW
    hu[_tube(grid, (0, 8), 9) & (z > 20)] = AIR  # trachea, open to the top
    _vessels(hu, grid, lungs, rng)
    return hu


def add_spheres(hu: NDArray[np.float32], grid: Grid, spheres: Sequence[Sphere]) -> None:
    """Draw spheres into `hu` with an edge that is soft over about 1 mm."""
    for (cx, cy, cz), diameter_mm, value in spheres:
        box = _box(grid, np.array([cx, cy, cz]), diameter_mm / 2 + 3)
        z, y, x = (axis[part] for axis, part in zip(grid, _per_axis(box), strict=True))
        distance = np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2)
        share = 1 / (1 + np.exp((distance - diameter_mm / 2) / 0.35))
        hu[box] += (value - hu[box]) * share


def _ellipsoid(grid: Grid, centre: tuple[float, float, float], half: tuple[float, float, float]) -> NDArray[np.bool_]:
    z, y, x = grid
    inside: NDArray[np.bool_] = (
        ((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2 + ((z - centre[2]) / half[2]) ** 2
    ) < 1
    return np.broadcast_to(inside, np.broadcast_shapes(z.shape, y.shape, x.shape))


def _tube(grid: Grid, centre: tuple[float, float], radius: float) -> NDArray[np.bool_]:
    _, y, x = grid
    return (x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2


def _ribs(grid: Grid) -> NDArray[np.bool_]:
    """A shell around the thorax, cut into bands that fall towards the front, open at the breastbone."""
    z, y, x = grid
    radius = np.sqrt((x / THORAX_MM[0]) ** 2 + (y / THORAX_MM[1]) ** 2)
    shell = (radius > 1.0) & (radius < 1.07) & ~((np.abs(x) < 30) & (y < 0))
    band = np.mod(z - 0.45 * y, RIB_PITCH_MM) < RIB_HEIGHT_MM
    sternum = (np.abs(x) < 18) & (np.abs(y + THORAX_MM[1] + 2) < 5)
    return (shell & band) | sternum


def _vessels(hu: NDArray[np.float32], grid: Grid, lungs: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Grow a tree from each hilum: every branch splits in two, thinner by 2^(-1/3) (Murray's law) and shorter."""
    for side in (-1, 1):
        for way in VESSEL_WAYS:
            start = np.array([side * HILUM_MM[0], HILUM_MM[1], HILUM_MM[2]])
            heading = np.array([side * way[0], way[1], way[2]])
            _branch(hu, grid, lungs, rng, start, heading / np.linalg.norm(heading), 4.2, 38.0)


def _branch(
    hu: NDArray[np.float32],
    grid: Grid,
    lungs: NDArray[np.bool_],
    rng: np.random.Generator,
    start: NDArray[np.float64],
    heading: NDArray[np.float64],
    radius_mm: float,
    length_mm: float,
) -> None:
    if radius_mm < LEAST_VESSEL_MM:
        return
    end = start + heading * length_mm
    _capsule(hu, grid, lungs, start, end, radius_mm)
    for _ in range(2):
        turned = heading + rng.normal(0, 0.45, 3)
        _branch(hu, grid, lungs, rng, end, turned / np.linalg.norm(turned), radius_mm * 2 ** (-1 / 3), length_mm * 0.8)


def _capsule(
    hu: NDArray[np.float32],
    grid: Grid,
    lungs: NDArray[np.bool_],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    radius_mm: float,
) -> None:
    box = _box(grid, (start + end) / 2, np.abs(end - start).max() / 2 + radius_mm + 1)
    z, y, x = (axis[part] for axis, part in zip(grid, _per_axis(box), strict=True))
    along = end - start
    share = ((x - start[0]) * along[0] + (y - start[1]) * along[1] + (z - start[2]) * along[2]) / (along @ along)
    share = np.clip(share, 0, 1)
    near = (x - start[0] - share * along[0]) ** 2 + (y - start[1] - share * along[1]) ** 2
    near = near + (z - start[2] - share * along[2]) ** 2 < radius_mm**2
    hu[box][near & lungs[box]] = VESSEL_HU


def _box(grid: Grid, centre_xyz: NDArray[np.float64], half_mm: float) -> tuple[slice, slice, slice]:
    parts = []
    for axis, middle in zip(grid, centre_xyz[::-1], strict=True):
        at = np.flatnonzero(np.abs(axis.ravel() - middle) <= half_mm)
        parts.append(slice(int(at[0]), int(at[-1]) + 1) if len(at) else slice(0, 0))
    return parts[0], parts[1], parts[2]


def _per_axis(box: tuple[slice, slice, slice]) -> tuple[tuple[slice, ...], tuple[slice, ...], tuple[slice, ...]]:
    every = slice(None)
    return (box[0], every, every), (every, box[1], every), (every, every, box[2])

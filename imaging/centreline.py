"""Where does the middle of a tube run, and how wide is it square to that line?

The line is the cheapest way from one end of a mask to the other, where the cost of a step grows towards the wall
(distance transform), smoothed over about a radius. Sections are sampled square to it. It misleads where the mask is no
tube: a branch longer than the tube itself becomes its end, and within about a radius of an end the line bends.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from imaging.absent import Absent
from imaging.volume import Volume

GRID_MM = 2.0  # the line is found on a grid this coarse; it is smoothed over far more than that
SEARCH_MM = 1.0  # sampling while the direction is searched
TILTS_DEG = (15.0, 25.0)  # the line's direction may be off by so much where the tube bends or ends
ANGLE_DEG = 2.0
STEP_MM = 1.0  # distance of the line's points
SMOOTH_MM = 8.0  # sigma along the line: half an adult aorta's radius, which removes the steps of the grid
WALL_SHARE = 0.2  # of the interpolated mask: masks outline the lumen, diameters are told from outer edge to outer edge
SECTION_MM = 0.5  # sampling of a section, finer than any CT
TANGENT_MM = 6.0  # the line's direction is that of the chord this far to either side
LEAST_VOXELS = 30  # of the coarse grid: less is no tube
RECENTRE_TIMES = 2  # a third changes nothing that can be seen
RECENTRE_STEP_MM = 4.0
CENTRE_POWER = 3  # cost of a step: (widest / distance to wall) ** 3, enough to keep off the inner side of a bend


@dataclass(frozen=True, kw_only=True)
class Centreline:
    """`points` (N, 3) in LPS mm, `STEP_MM` apart; `tangents` (N, 3), unit vectors along it."""

    points: NDArray[np.float64]
    tangents: NDArray[np.float64]

    def nearest(self, point_lps_mm: NDArray[np.float64]) -> int:
        """Return the index of the line's point that is nearest."""
        return int(np.argmin(np.linalg.norm(self.points - point_lps_mm, axis=1)))

    def reversed(self) -> "Centreline":
        """Return the same line from the other end."""
        return Centreline(points=self.points[::-1], tangents=-self.tangents[::-1])


@dataclass(frozen=True, kw_only=True)
class Section:
    """A cut: its largest diameter through the middle, the one square to that, its area.

    `cut_off`: it runs out of the scan, so that the diameter is at least what is given.
    """

    largest_mm: float
    across_mm: float
    area_mm2: float
    cut_off: bool


def centreline(mask: NDArray[np.bool_], volume: Volume) -> Centreline | Absent:
    """Return the middle line of the mask's largest piece (Z, Y, X on the volume's grid), or why there is none."""
    coarse, scale_mm, origin = _coarse(mask, volume)
    pieces, count = ndimage.label(coarse, np.ones((3, 3, 3)))
    if count == 0:
        return Absent(reason="the mask is empty")
    size = np.bincount(pieces.ravel())
    size[0] = 0
    tube = pieces == int(size.argmax())
    if tube.sum() < LEAST_VOXELS:
        return Absent(reason="the mask is too small to have a middle line")
    at = np.argwhere(tube)
    wall = ndimage.distance_transform_edt(np.pad(tube, 1), sampling=scale_mm)[1:-1, 1:-1, 1:-1][tube]
    far = _graph(tube, at, scale_mm, np.ones(len(at)))
    end_a = int(np.argmax(_finite(dijkstra(far, directed=False, indices=0))))
    end_b = int(np.argmax(_finite(dijkstra(far, directed=False, indices=end_a))))
    cheap = _graph(tube, at, scale_mm, (wall.max() / wall) ** CENTRE_POWER)
    before = dijkstra(cheap, directed=False, indices=end_a, return_predecessors=True)[1]
    way = [end_b]
    while way[-1] != end_a:
        way.append(int(before[way[-1]]))
    voxels_zyx = at[way] * (np.array(scale_mm) / np.array(volume.spacing_mm[::-1])) + origin
    line = _smoothed(volume.to_lps(voxels_zyx[:, ::-1]))
    for _ in range(RECENTRE_TIMES):
        line = _recentred(line, mask, volume, float(wall.max()))
    return line


def sized(cut: NDArray[np.bool_], cut_off: bool) -> Section:
    """Return the diameters and the area of a cut that is sampled every `SECTION_MM`."""
    largest, across = _diameters(np.argwhere(cut).astype(np.float64) * SECTION_MM)
    return Section(largest_mm=largest, across_mm=across, area_mm2=float(cut.sum()) * SECTION_MM**2, cut_off=cut_off)


@dataclass(frozen=True, kw_only=True)
class Plane:
    """A sampled plane (N, N): which samples are the tube, which lie outside the scan, and where they are (z, y, x)."""

    cut: NDArray[np.bool_]
    beyond: NDArray[np.bool_]
    voxels: NDArray[np.float64]

    @property
    def cut_off(self) -> bool:
        """Whether the tube runs out of the scan or of the plane here, so that it is wider than it looks."""
        rim = np.zeros_like(self.cut)
        rim[[0, -1]] = rim[:, [0, -1]] = True
        return bool((self.cut & (rim | ndimage.binary_dilation(self.beyond, iterations=2))).any())


def cut_plane(
    mask: NDArray[np.bool_],
    volume: Volume,
    point: NDArray[np.float64],
    normal: NDArray[np.float64],
    reach_mm: float,
    step_mm: float = SECTION_MM,
) -> Plane | Absent:
    """Return the plane through `point` square to `normal`, with the piece of the mask that is nearest to the point."""
    u, v = _plane(normal)
    steps = np.arange(-reach_mm, reach_mm + step_mm / 2, step_mm)
    voxels = volume.to_voxel(point + steps[:, None, None] * u + steps[None, :, None] * v)[..., ::-1]
    low = np.maximum(np.floor(voxels.min(axis=(0, 1))).astype(int) - 1, 0)
    high = np.minimum(np.ceil(voxels.max(axis=(0, 1))).astype(int) + 2, mask.shape)
    if (high <= low).any():
        return Absent(reason="the place lies outside the scan")
    part = mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].view(np.uint8)
    share = ndimage.map_coordinates(part, np.moveaxis(voxels - low, -1, 0), order=1, output=np.float32, cval=0.0)
    pieces, count = ndimage.label(share >= WALL_SHARE)
    if count == 0:
        return Absent(reason="the mask is not cut at this place")
    r, c = np.unravel_index(int(np.argmin(np.where(pieces > 0, _from_middle(pieces.shape), np.inf))), pieces.shape)
    beyond = ((voxels < 0) | (voxels > np.array(mask.shape) - 1)).any(axis=-1)
    return Plane(cut=pieces == pieces[r, c], beyond=np.asarray(beyond), voxels=voxels)


def squarest(
    mask: NDArray[np.bool_], volume: Volume, point: NDArray[np.float64], normal: NDArray[np.float64], reach_mm: float
) -> Plane | Absent:
    """Return the plane through `point` that cuts least of the tube, among those tilted a little from `normal`.

    Square to a tube its cut is smallest, so this corrects a line whose direction is not quite the tube's.
    """
    u, v = _plane(normal)
    straight = cut_plane(mask, volume, point, normal, reach_mm, SEARCH_MM)
    if isinstance(straight, Absent):
        return straight
    best, least = normal, straight.cut.sum()
    for tilt in np.radians(TILTS_DEG):
        for way in np.radians(np.arange(0, 360, 45)):
            tilted = np.cos(tilt) * normal + np.sin(tilt) * (np.cos(way) * u + np.sin(way) * v)
            plane = cut_plane(mask, volume, point, tilted, reach_mm, SEARCH_MM)
            if not isinstance(plane, Absent) and plane.cut.sum() < least:
                best, least = tilted, plane.cut.sum()
    return cut_plane(mask, volume, point, best, reach_mm)


def _recentred(line: Centreline, mask: NDArray[np.bool_], volume: Volume, radius_mm: float) -> Centreline:
    """Move the line's points to the middles of their sections; where there is none the point stays out."""
    moved = []
    for at in range(0, len(line.points), int(RECENTRE_STEP_MM / STEP_MM)):
        plane = cut_plane(mask, volume, line.points[at], line.tangents[at], 2.5 * radius_mm, step_mm=1.0)
        if not isinstance(plane, Absent):
            moved.append(volume.to_lps(plane.voxels[plane.cut].mean(axis=0)[::-1]))
    if len(moved) < 3:
        return line
    return _straight_ends(_smoothed(np.array(moved)), radius_mm)


def _straight_ends(line: Centreline, radius_mm: float) -> Centreline:
    """Within a diameter of an end a section may be cut by the end: there the direction from further in goes on."""
    inner = int(2 * radius_mm / STEP_MM)
    tangents = line.tangents.copy()
    if len(tangents) > 4 * inner:
        tangents[:inner] = tangents[inner]
        tangents[-inner:] = tangents[-inner - 1]
    return Centreline(points=line.points, tangents=tangents)


def _coarse(
    mask: NDArray[np.bool_], volume: Volume
) -> tuple[NDArray[np.bool_], tuple[float, float, float], NDArray[np.float64]]:
    """Return the mask's box on the coarse grid, its voxel size z, y, x, and the box's first voxel (z, y, x)."""
    if not mask.any():
        return np.zeros((1, 1, 1), bool), (1.0, 1.0, 1.0), np.zeros(3)
    used = [np.flatnonzero(mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    low = np.array([at[0] for at in used])
    part = mask[tuple(slice(int(at[0]), int(at[-1]) + 1) for at in used)]
    zoom = np.array(volume.spacing_mm[::-1]) / GRID_MM
    shape = np.maximum(1, np.round(np.array(part.shape) * zoom)).astype(int)
    grid = np.meshgrid(*(np.arange(n) * p / n for n, p in zip(shape, part.shape, strict=True)), indexing="ij")
    coarse = part[tuple(np.minimum(g.round().astype(int), p - 1) for g, p in zip(grid, part.shape, strict=True))]
    scale = np.array(volume.spacing_mm[::-1]) * np.array(part.shape) / shape
    return coarse, (float(scale[0]), float(scale[1]), float(scale[2])), low.astype(float)


def _graph(tube: NDArray[np.bool_], at: NDArray[np.int64], scale_mm: tuple[float, ...], cost: NDArray) -> coo_array:
    number = np.full(np.array(tube.shape) + 2, -1)
    number[1:-1, 1:-1, 1:-1][tube] = np.arange(len(at))
    starts, ends, weights = [], [], []
    for step in np.ndindex(3, 3, 3):
        by = np.array(step) - 1
        if tuple(by) <= (0, 0, 0):
            continue
        to = number[tuple((at + 1 + by).T)]
        here = np.flatnonzero(to >= 0)
        starts.append(here)
        ends.append(to[here])
        weights.append(float(np.linalg.norm(by * np.array(scale_mm))) * (cost[here] + cost[to[here]]) / 2)
    values = np.concatenate(weights), (np.concatenate(starts), np.concatenate(ends))
    return coo_array(values, shape=(len(at), len(at))).tocsr()


def _finite(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(distance), distance, -1.0)


def _smoothed(way: NDArray[np.float64]) -> Centreline:
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])
    even = np.arange(0.0, max(along[-1], STEP_MM * 2) + STEP_MM / 2, STEP_MM)
    points = np.stack([np.interp(even, along, way[:, axis]) for axis in range(3)], axis=1)
    # The odd mirror at the ends keeps them where they are.
    reach = min(len(points) - 1, int(4 * SMOOTH_MM / STEP_MM))
    padded = np.pad(points, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    points = ndimage.gaussian_filter1d(padded, SMOOTH_MM / STEP_MM, axis=0)[reach : len(padded) - reach]
    half = min(len(points) - 1, int(TANGENT_MM / STEP_MM))
    index = np.arange(len(points))
    chord = points[np.minimum(index + half, len(points) - 1)] - points[np.maximum(index - half, 0)]
    return Centreline(points=points, tangents=chord / np.linalg.norm(chord, axis=1, keepdims=True))


def _plane(normal: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    u = np.cross(normal, np.eye(3)[int(np.argmin(np.abs(normal)))])
    u /= np.linalg.norm(u)
    return u, np.cross(normal, u) / np.linalg.norm(normal)


def _from_middle(shape: tuple[int, ...]) -> NDArray[np.float64]:
    r, c = np.indices(shape)
    return np.asarray(np.hypot(r - shape[0] // 2, c - shape[1] // 2))


def _diameters(points_mm: NDArray[np.float64]) -> tuple[float, float]:
    """Largest chord (rim to rim) through the middle, and the chord square to it; points are (N, 2) samples."""
    away = points_mm - points_mm.mean(axis=0)
    angles = np.radians(np.arange(0, 180, ANGLE_DEG))
    ways = np.stack([np.cos(angles), np.sin(angles)])
    along, beside = away @ ways, away @ np.stack([-ways[1], ways[0]])
    on_chord = np.abs(beside) <= SECTION_MM / sqrt(2)
    high = np.where(on_chord, along, -np.inf).max(axis=0)
    low = np.where(on_chord, along, np.inf).min(axis=0)
    chords = np.where(np.isfinite(high - low), high - low, 0.0) + SECTION_MM
    best = int(np.argmax(chords))
    return float(chords[best]), float(chords[(best + len(angles) // 2) % len(angles)])

"""Where does the canal of the spine run? Soft tissue of a finger's width with bone around it, from slice to slice.

Each slice is scored everywhere near the spine: how even and soft it is inside, how much of the circle around it ends at
bone (all of it at the pedicles, half between two vertebrae). The best way through all slices (Viterbi) is the canal.
It misleads where metal blurs the picture, after the arches were taken away, and in slices thicker than 5 mm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.segment.coarse import Coarse

INNER_MM = (1.0, 3.0, 5.0)  # circles inside the canal, which is 15 to 25 mm wide
OUTER_MM = np.arange(8.0, 13.5, 1.0)  # its bony edge lies somewhere there
ANGLES = 24
BONE_ABOVE_HU = 140.0  # thin arches in slices of 3 mm
SOFT_HU, SOFT_SLACK_HU, COST_PER_HU = 35.0, 25.0, 0.01  # cord and fluid; 100 HU off cost as much as the whole circle
GRAINY_ABOVE_HU, GRAIN_COST = 90.0, 0.003  # spongy bone has voxels above, the canal has none
ASIDE_MM, ALONG_MM = 30.0, 50.0  # from the way of the skeleton: to the sides, to front and back
STEP_MM = 2.0
STEEPEST = 1.0  # mm sideways a mm of height
MOVE_COST = 0.03  # a mm sideways
LEAST_SCORE = 0.55  # mean along the way: below there is no canal
SMOOTH_MM = 8.0  # sigma along the way; vertebrae are 25 to 40 mm high
TURN_MM = 6.0  # sigma of its direction


@dataclass(frozen=True, kw_only=True)
class Canal:
    """Points every mm along the canal from low to high: place and directions (N, 3) as z, y, x in mm.

    `along` leads up, `front` to the front at a right angle to it, `side` across.
    """

    place: NDArray[np.float64]
    along: NDArray[np.float64]
    front: NDArray[np.float64]
    side: NDArray[np.float64]


def canal(grid: Coarse, way_mm: NDArray[np.float64]) -> Canal | None:
    """Return the canal, a little beyond both ends of the scan; None where none is seen.

    Args: way_mm: (Z, 2) y, x of the spine in mm, NaN where it does not run.
    """
    slices = np.flatnonzero(~np.isnan(way_mm[:, 0]))
    if len(slices) < 3 or slices[-1] - slices[0] + 1 != len(slices):
        return None
    at_y = _raster(way_mm[slices, 0], ALONG_MM, grid.hu.shape[1] * grid.spacing_mm[1])
    at_x = _raster(way_mm[slices, 1], ASIDE_MM, grid.hu.shape[2] * grid.spacing_mm[0])
    if not len(at_y) or not len(at_x):
        return None
    scores = np.stack([_scores(grid, int(z), at_y, at_x) for z in slices])
    path = _best_way(scores, max(1, int(np.ceil(STEEPEST * grid.spacing_mm[2] / STEP_MM))))
    if scores[np.arange(len(path)), path[:, 0], path[:, 1]].mean() < LEAST_SCORE:
        return None
    points = np.stack([slices * grid.spacing_mm[2], at_y[path[:, 0]], at_x[path[:, 1]]], axis=1)
    return _directed(points, grid.spacing_mm[2])


def _raster(way: NDArray[np.float64], reach_mm: float, size_mm: float) -> NDArray[np.float64]:
    edge = float(OUTER_MM[-1]) + 1
    return np.arange(max(edge, way.min() - reach_mm), min(size_mm - edge, way.max() + reach_mm), STEP_MM)


def _scores(grid: Coarse, z: int, at_y: NDArray[np.float64], at_x: NDArray[np.float64]) -> NDArray[np.float64]:
    dx, dy, _ = grid.spacing_mm
    plane = ndimage.gaussian_filter(np.clip(grid.hu[z], -300, 600), (0.5 / dy, 0.5 / dx))
    turn = np.arange(ANGLES) * 2 * np.pi / ANGLES

    def circle(radius_mm: float) -> NDArray[np.float32]:
        y = np.rint((at_y[:, None] + radius_mm * np.sin(turn)) / dy).astype(np.intp)
        x = np.rint((at_x[:, None] + radius_mm * np.cos(turn)) / dx).astype(np.intp)
        shown: NDArray[np.float32] = plane[
            np.minimum(y, plane.shape[0] - 1)[:, None], np.minimum(x, plane.shape[1] - 1)
        ]
        return shown

    inside = np.concatenate([circle(radius) for radius in INNER_MM], axis=2)
    off_hu = np.maximum(0, np.abs(inside.mean(axis=2) - SOFT_HU) - SOFT_SLACK_HU)
    grain_hu = np.maximum(0, np.percentile(inside, 90, axis=2) - GRAINY_ABOVE_HU)
    edge = np.max([circle(float(radius)) for radius in OUTER_MM], axis=0)
    share = (edge > BONE_ABOVE_HU).mean(axis=2)
    return np.asarray(share - COST_PER_HU * off_hu - GRAIN_COST * grain_hu, float)


def _best_way(scores: NDArray[np.float64], reach: int) -> NDArray[np.intp]:
    """Return the row and column (Z, 2) of the best way through all slices."""
    steps = [(a, b) for a in range(-reach, reach + 1) for b in range(-reach, reach + 1)]
    total, back = scores[0], []
    for gain in scores[1:]:
        wide = np.pad(total, reach, constant_values=-np.inf)
        height, width = total.shape
        reached = np.stack(
            [
                wide[reach + a : reach + a + height, reach + b : reach + b + width]
                - MOVE_COST * STEP_MM * float(np.hypot(a, b))
                for a, b in steps
            ]
        )
        back.append(reached.argmax(axis=0))
        total = reached.max(axis=0) + gain
    at = np.unravel_index(int(total.argmax()), total.shape)
    path = [(int(at[0]), int(at[1]))]
    for came in back[::-1]:
        a, b = steps[int(came[path[-1]])]
        path.append((path[-1][0] + a, path[-1][1] + b))
    return np.array(path[::-1], np.intp)


def _directed(points: NDArray[np.float64], slice_mm: float) -> Canal:
    """Smooth the way, go on straight beyond both ends, and give it directions."""
    smooth = points.copy()
    for axis in (1, 2):
        smooth[:, axis] = ndimage.gaussian_filter1d(points[:, axis], SMOOTH_MM / slice_mm, mode="nearest")
    ends = max(2, round(20.0 / slice_mm))  # the direction at an end is taken over 20 mm
    beyond = 20.0  # mm: a vertebra's middle may lie in the scan while the canal behind it lies below
    first, last = smooth[min(ends, len(smooth) - 1)] - smooth[0], smooth[-1] - smooth[max(-ends - 1, -len(smooth))]
    low = smooth[0] - beyond * first / np.linalg.norm(first)
    high = smooth[-1] + beyond * last / np.linalg.norm(last)
    whole = np.vstack([low, smooth, high])
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(whole, axis=0), axis=1))])
    place = np.stack([np.interp(np.arange(0, length[-1]), length, whole[:, axis]) for axis in range(3)], axis=1)
    along = np.gradient(ndimage.gaussian_filter1d(place, TURN_MM, axis=0, mode="nearest"), axis=0)
    along /= np.linalg.norm(along, axis=1)[:, None]
    ahead = np.array([0.0, -1.0, 0.0])
    front = ahead - along * (along @ ahead)[:, None]
    front /= np.linalg.norm(front, axis=1)[:, None]
    return Canal(place=place, along=along, front=front, side=np.cross(along, front))

"""Where are the lungs and the airways? Air inside the body, parted into trachea with main bronchi, right and left lung.

It misleads where lung is not aerated: a consolidated lobe or an effusion is left out, and with it the volume.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.segment.coarse import Coarse, Mask, box_around, touching

NO_PAIR = "the air in the chest is no pair of lungs: a phantom, or lungs that are cut open"
LUNG_BELOW_HU = -400.0  # about half way between aerated lung (-850) and soft tissue (40)
LARGEST_LUNG_ML = 5000.0  # of one side; a tall man's two hold 7 to 8 L in full
GAS_MEAN_BELOW_HU = -960.0  # bowel gas and room air; even emphysematous lungs average above
LEAST_LUNG_ML = 40.0  # a base cut by the scan's end; bowel gas of this size is purer
AIRWAY_STEPS_HU = (-950.0, -930.0, -910.0, -890.0)  # tried upwards until the tree leaks into lung
LARGEST_AIRWAYS_ML = 90.0  # trachea 30-50 mL and main bronchi; more is a leak
LEAST_AIRWAYS_ML = 8.0  # the lower trachea with the bifurcation
LEAST_LUNG_BELOW_ML = 300.0  # air below a place that may be the trachea; under a bubble in the bowel there is less
MOST_SEEDS = 25  # holes that are tried: those of the throat, then the trachea slice by slice
LEAK_GROWTH = 1.8  # a step that nearly doubles the tree has broken through a wall
TRACHEA_MM2 = (60.0, 800.0)  # area of its lumen in an axial slice: diameter 9 to 32 mm
TRACHEA_ASIDE_MM = 45.0  # from the middle of the body
VESSEL_MM = 4.0  # closing: vessels of the lung up to 8 mm count to it, hilar ones do not
SMALLER_LUNG_SHARE = 0.12  # of both; a side below is not told apart


@dataclass(frozen=True, kw_only=True)
class Air:
    """Masks (Z, Y, X) of one grid; `why` says of each that is empty why it is."""

    right: Mask
    left: Mask
    airways: Mask
    why: dict[str, str]

    @property
    def lungs(self) -> Mask:
        """Both lungs."""
        return self.right | self.left


def air(grid: Coarse, body: Mask) -> Air:
    """Return the lungs and airways; a grid of about 1.5 mm keeps the walls of the main bronchi."""
    none = np.zeros(grid.hu.shape, bool)
    dark = (grid.hu < LUNG_BELOW_HU) & body
    why: dict[str, str] = {}
    airways = _airways(grid, dark, body)
    if not airways.any():
        why["airways"] = "no trachea was found: the scan does not reach it, or it is not filled with air"
    both = _lungs(grid, dark & ~grid.grown(airways, 1.5 * max(grid.spacing_mm[:2])))
    if not both.any():
        return Air(right=none, left=none, airways=airways, why=why | {"lungs": "no aerated lung is in the scan"})
    right, left = _sides(grid, both, body)
    right, left = (grid.closed(side, VESSEL_MM) & ~airways if side.any() else side for side in (right, left))
    for name, side in (("lung_right", right), ("lung_left", left)):
        if grid.ml(side) > LARGEST_LUNG_ML:
            return Air(right=none, left=none, airways=none, why={"lungs": NO_PAIR})
        if not side.any():
            why[name] = "no aerated lung was found on this side"
    return Air(right=right, left=left & ~right, airways=airways, why=why)


def _lungs(grid: Coarse, dark: Mask) -> Mask:
    labels, count = ndimage.label(dark)
    if count == 0:
        return np.zeros_like(dark)
    ids = np.arange(count + 1)
    size = np.bincount(labels.ravel(), minlength=count + 1) * grid.voxel_ml
    keep = size >= LEAST_LUNG_ML
    keep[0] = False
    for one in ids[keep]:
        part = labels == one
        core = grid.hu[part]
        keep[one] = core.mean() > GAS_MEAN_BELOW_HU and float(np.mean(core < GAS_MEAN_BELOW_HU)) < 0.5
    result: Mask = keep[labels]
    return result


def _sides(grid: Coarse, both: Mask, body: Mask) -> tuple[Mask, Mask]:
    """Part the lungs into right (low x) and left; where they touch, by which lung's core is nearer."""
    empty = np.zeros_like(both)
    labels, count = ndimage.label(both)
    size = _sizes(labels)
    total = float(size.sum())
    if np.sort(size)[-2:].min() < SMALLER_LUNG_SHARE * total or count == 1:
        labels, size = _cut(grid, both)
    order = np.argsort(size)[::-1]
    middle = float(np.mean(np.nonzero(body)[2]))
    if len(size) < 3 or size[order[1]] < SMALLER_LUNG_SHARE * total:
        at = float(np.mean(np.nonzero(both)[2]))
        return (both, empty) if at < middle else (empty, both)
    middles = {int(one): _middle_x(labels, int(one)) for one in np.flatnonzero(size)}
    right, left = sorted((int(one) for one in order[:2]), key=lambda one: middles[one])
    boundary = (middles[right] + middles[left]) / 2
    for one, x in middles.items():  # small parts, of a lung cut by the diaphragm
        if one not in (right, left):
            labels[labels == one] = right if x < boundary else left
    return labels == right, labels == left


def _middle_x(labels: NDArray[np.int32], one: int) -> float:
    columns = np.count_nonzero(labels == one, axis=(0, 1))
    return float(np.average(np.arange(len(columns)), weights=columns))


def _cut(grid: Coarse, both: Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    box = box_around(both, [1, 1, 1])
    inner = both[box]
    parts = np.zeros(both.shape, np.int32)
    for radius_mm in (1.5, 3.0, 5.0, 8.0, 12.0):
        cores, count = ndimage.label(grid.shrunk(inner, radius_mm))
        size = _sizes(cores)
        if count >= 2 and np.sort(size)[-2] >= SMALLER_LUNG_SHARE * size.sum():
            two = np.argsort(size)[-2:]
            cores[~np.isin(cores, two)] = 0
            nearest = ndimage.distance_transform_edt(cores == 0, grid.sampling, False, True)
            parts[box] = np.where(inner, cores[tuple(nearest)], 0)
            return parts, _sizes(parts)
    parts[both] = 1
    return parts, _sizes(parts)


def _sizes(labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the number of voxels of each label, 0 for the background."""
    size = np.bincount(labels.ravel())
    size[0] = 0
    return size


def _airways(grid: Coarse, dark: Mask, body: Mask) -> Mask:
    """Return the first tree of a plausible size that grows from a hole that may be the trachea."""
    for tried, seed in enumerate(_trachea_seeds(grid, dark, body)):
        tree = np.zeros_like(dark)
        for below_hu in AIRWAY_STEPS_HU:
            grown = touching(dark & (grid.hu < below_hu), seed)
            ml = grid.ml(grown)
            if ml > LARGEST_AIRWAYS_ML or (grid.ml(tree) > 5 and ml > LEAK_GROWTH * grid.ml(tree)):
                break
            tree = grown
        if grid.ml(tree) >= LEAST_AIRWAYS_ML:
            return grid.grown(tree, 1.2 * max(grid.spacing_mm[:2])) & (grid.hu < -500) & body
        if tried >= MOST_SEEDS:
            break
    return np.zeros_like(dark)


def _trachea_seeds(grid: Coarse, dark: Mask, body: Mask) -> Iterator[Mask]:
    """Yield from the top down the round holes of the trachea's size, near the middle, that go on for 2 cm below."""
    area_mm2 = grid.spacing_mm[0] * grid.spacing_mm[1]
    depth = max(1, round(20.0 / grid.spacing_mm[2]))
    lung_below_ml = np.cumsum(((grid.hu < -600) & dark).sum(axis=(1, 2))) * grid.voxel_ml
    for z in range(grid.hu.shape[0] - 1, depth, -1):
        if not body[z].any() or lung_below_ml[z - 1] < LEAST_LUNG_BELOW_ML:
            continue
        middle = float(np.mean(np.flatnonzero(body[z].any(axis=0))))
        labels, _ = ndimage.label((grid.hu[z] < -800) & dark[z])
        for number, place in enumerate(ndimage.find_objects(labels), start=1):
            hole = labels[place] == number
            area = float(hole.sum()) * area_mm2
            height, width = ((part.stop - part.start) for part in place)
            at = (place[1].start + place[1].stop) / 2
            is_round = max(height, width) <= 2.5 * min(height, width) and hole.mean() > 0.5
            near = abs(at - middle) * grid.spacing_mm[0] < TRACHEA_ASIDE_MM
            if not (TRACHEA_MM2[0] <= area <= TRACHEA_MM2[1] and is_round and near):
                continue
            y, x = (round(mean) for mean in ndimage.center_of_mass(labels == number))
            below = grid.hu[z - depth : z, max(0, y - 4) : y + 5, max(0, x - 4) : x + 5].min(axis=(1, 2))
            if np.all(below < -850):
                seed = np.zeros_like(dark)
                seed[z] = labels == number
                yield seed

"""Where are the lungs, with what sticks to their walls?

Classical and quick: air that is not outside the body, then closed with a ball so that vessels and the nodules that
touch the pleura are inside, with what lung surrounds on all sides. On a grid of about 2 mm; finer would not change
which blocks are looked at.
It misleads where lung is not aerated: a consolidated lobe, a large effusion or a mass wider than twice the closing
radius that touches the wall falls outside the mask. No lung is found in an abdomen, and that is said.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.blocks_air import air_words, closed_words, parts, unpacked
from imaging.volume import Volume

GRID_MM = 2.0
COARSE_MM = 4.0  # for telling the lungs from other air; the wall of the chest is thicker than this
LUNG_BELOW_HU = -500  # about half way between aerated lung (-850) and soft tissue (40)
GAS_BELOW_HU = -960  # mean of room air and of bowel gas; even emphysematous lungs average above
OUTSIDE_BELOW_HU = -920  # mean of what touches the border and is outside; a lung cut by a small field is above
LEAST_LUNG_ML = 100  # smaller pockets of air are bowel or trachea
LEAST_SHARE = 0.1  # of the largest: the smaller lung of a pair is not below a tenth
CLOSING_MM = 12.0  # nodules up to 24 mm at the pleura stay in; larger radii take in the heart's borders


@dataclass(frozen=True, kw_only=True)
class LungMask:
    """`mask` (MZ, MY, MX) has one value for each `step` (x, y, z) voxels; `lung_hu` is the median of aerated lung."""

    mask: NDArray[np.bool_]
    step: tuple[int, int, int]
    lung_hu: float
    aerated_ml: float


def lungs(volume: Volume) -> LungMask | None:
    """Return the lung mask, or None when the scan shows no aerated lung."""
    x, y, z = (max(1, round(GRID_MM / mm)) for mm in volume.spacing_mm)
    dx, dy, dz = volume.spacing_mm
    spacing = dx * x, dy * y, dz * z
    skip = tuple(max(1, round(COARSE_MM / mm)) for mm in spacing)
    coarse = tuple(slice(None, None, many * one) for many, one in zip((z, y, x), skip[::-1], strict=True))
    hu = np.ascontiguousarray(volume.hu[coarse])
    coarse_air = hu < LUNG_BELOW_HU
    if volume.padding is not None:
        coarse_air &= ~volume.padding[coarse]
    core = _lung_components(hu, coarse_air, float(np.prod(spacing) * np.prod(skip)) / 1000)
    if core is None:
        return None
    aerated = air_words(volume.hu, volume.padding, (x, y, z), LUNG_BELOW_HU, _grown(core), (skip[0], skip[1], skip[2]))
    width = -(-volume.hu.shape[2] // x)
    box = tuple(
        slice(int(at[0]), int(at[-1]) + 1) for at in (np.flatnonzero(aerated.any(axis=one)) for one in ((1, 2), (0, 2)))
    )
    mask = np.zeros((*aerated.shape[:2], width), bool)
    mask[box] = unpacked(closed_words(aerated[box], width, CLOSING_MM, spacing), width)
    _fill(mask, box, skip[::-1])
    return LungMask(
        mask=mask,
        step=(x, y, z),
        lung_hu=float(np.median(hu[core])),
        aerated_ml=float(np.bitwise_count(aerated).sum() * np.prod(spacing) / 1000),
    )


def _lung_components(hu: NDArray[np.int16], air: NDArray[np.bool_], voxel_ml: float) -> NDArray[np.bool_] | None:
    """Return True at the air of the lungs; decided on every second point or so, which is far finer than a lung."""
    labels, told = parts(air, hu)
    size, total, at_border = told[:, 0], told[:, 1], told[:, 2] > 0
    mean_hu = total / np.maximum(size, 1)
    keep = (size * voxel_ml >= LEAST_LUNG_ML) & (mean_hu > np.where(at_border, OUTSIDE_BELOW_HU, GAS_BELOW_HU))
    keep[0] = False
    keep &= size >= LEAST_SHARE * size[keep].max(initial=0)
    return keep[labels] if keep.any() else None


def _fill(mask: NDArray[np.bool_], box: tuple[slice, ...], skip: tuple[int, ...]) -> None:
    """Take in what lung surrounds on all sides, such as a mass too wide for the closing; to within COARSE_MM."""
    thin = tuple(slice(None, None, one) for one in skip)
    around = np.pad(~mask[box][thin], 1, constant_values=True)
    labels, told = parts(around, np.zeros(around.shape, np.int16))
    is_hole = told[:, 2] == 0
    is_hole[0] = False
    is_hole[labels[0]] = is_hole[labels[-1]] = False
    if is_hole.any():
        holes = _grown(is_hole[labels])[1:-1, 1:-1, 1:-1]
        for axis, one in enumerate(skip):
            holes = np.repeat(holes, one, axis=axis)
        part = mask[box]
        part |= holes[tuple(slice(0, n) for n in part.shape)]


def _grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with every place that touches it, corners included."""
    for axis in range(3):
        before, after = mask, mask.copy()
        for to, of in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
            there, here = [slice(None)] * 3, [slice(None)] * 3
            there[axis], here[axis] = to, of
            after[tuple(there)] |= before[tuple(here)]
        mask = after
    return mask

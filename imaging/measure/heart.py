"""How wide is the heart, and how wide beside the chest?

Widths are taken across the patient (x), over all slices, as on a chest film: the heart's from its rightmost to its
leftmost point, the chest's where the lungs together are widest. It misleads against the film the ratio was made for:
a CT is taken lying and shows no magnified heart, so its ratio is smaller than a film's, and without gating the heart's
border is blurred by some mm.
"""

import numpy as np
from numpy.typing import NDArray

from imaging.absent import Absent
from imaging.attenuation import is_cut_off
from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.measure.base import Measure, Measurement
from imaging.measure.told import by, measured, refused, unfit
from imaging.volume import Volume

KEYS = ("heart_width_mm", "thorax_width_mm", "cardiothoracic_ratio")
UNITS = ("mm", "mm", "1")
METHOD = "widest across the patient"
SOURCE = "ratio: Danzer 1919, doi:10.1097/00000441-191904000-00005 [U]; on CT: own"
MOTION_SD_MM = 3.0  # an ungated heart's border moves by about this [U]
STRAY_SHARE = 0.002  # of the mask: what lies further out than all but this is a stray voxel


def measure(volume: Volume, labels: Labels, fitness: Fitness) -> tuple[Measurement, ...]:
    """Return both widths and their ratio, or why not."""
    reason = unfit(fitness, Use.HEART_SIZE)
    heart, lungs = labels.mask("heart"), labels.mask("lungs")
    if reason is None and isinstance(heart, Absent):
        reason = heart.reason
    if reason is not None or isinstance(heart, Absent):
        return _all_refused(labels, reason or "")
    if is_cut_off(heart, volume):
        return _all_refused(labels, "the heart is cut off by the end of the scan")
    caution = fitness.cautions.get(Use.HEART_SIZE)
    pixel = volume.spacing_mm[0]
    wide, wide_sd = _width(heart, pixel), float(np.hypot(MOTION_SD_MM, pixel * 0.41))  # 0.41: two edges, uniform
    heart_told = measured(KEYS[0], "mm", by(METHOD, labels), SOURCE, wide, wide_sd, caution=caution)
    if isinstance(lungs, Absent):
        return (heart_told, *(_refusal(key, labels, lungs.reason) for key in KEYS[1:]))
    if lungs[:, :, [0, -1]].any():
        return (heart_told, *(_refusal(key, labels, "the chest is cut off at the side") for key in KEYS[1:]))
    middle = float(np.argwhere(heart.any(axis=(0, 1))).mean())
    across = np.flatnonzero(lungs.any(axis=(0, 1)))
    left, right = (across > middle).any(), (across < middle).any()
    if not (left and right):
        return (heart_told, *(_refusal(key, labels, "lung is seen on one side only") for key in KEYS[1:]))
    widest = [_extent(row) for row in np.array(lungs.any(axis=1), ndmin=2) if row.any()]
    chest = max(widest) * pixel
    ratio = wide / chest
    ratio_sd = ratio * float(np.hypot(wide_sd / wide, pixel / chest))
    return (
        heart_told,
        measured(KEYS[1], "mm", by(METHOD, labels), SOURCE, chest, pixel, caution=caution),
        measured(KEYS[2], "1", by("heart's width over the lungs' width", labels), SOURCE, ratio, ratio_sd, digits=3,
                 caution=caution),
    )  # fmt: skip


def _width(mask: NDArray[np.bool_], pixel_mm: float) -> float:
    """Extent along x without the outermost stray voxels of either side."""
    share = np.cumsum(mask.sum(axis=(0, 1))) / mask.sum()
    low, high = np.searchsorted(share, STRAY_SHARE / 2), np.searchsorted(share, 1 - STRAY_SHARE / 2)
    return float(high - low + 1) * pixel_mm


def _extent(row: NDArray[np.bool_]) -> int:
    at = np.flatnonzero(row)
    return int(at[-1] - at[0]) + 1


def _refusal(key: str, labels: Labels, reason: str) -> Measurement:
    return refused(key, UNITS[KEYS.index(key)], by(METHOD, labels), SOURCE, reason)


def _all_refused(labels: Labels, reason: str) -> tuple[Measurement, ...]:
    return tuple(_refusal(key, labels, reason) for key in KEYS)


MEASURE = Measure(keys=KEYS, measure=measure, source=SOURCE, reviewed="2026-11")

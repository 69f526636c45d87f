"""How dense is the spongy bone inside the vertebrae that this scan happens to show?

The largest ball that fits into a labelled vertebra lies in its body; a smaller ball around the same middle is free of
cortex. Its mean attenuation falls with bone mineral. It misleads with contrast (raised by 10 to 20 HU [U]), at other
tube voltages than 120 kV, and where the body is fractured, cemented or holds a haemangioma.
"""

import numpy as np
from scipy import ndimage

from imaging.absent import Absent
from imaging.attenuation import boxed, is_cut_off
from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.measure.base import Measure, Measurement
from imaging.measure.liver_spleen import HU, SCANNER_SD_HU
from imaging.measure.told import by, measured, refused, unfit
from imaging.volume import Volume

KEY = "vertebra_attenuation_hu"
LEVELS = ("L1", "T12", "T11", "L2", "L3", "L4", "T10", "T9", "T8", "T7")  # L1 is the one that studies used
SHARE = 0.6  # of the largest ball's radius: keeps off cortex and end plates
LEAST_RADIUS_MM = 7.0  # of the largest ball: less is a process, or a body cut off
LEAST_MEAN_OVER = 50  # voxels
METHOD = "mean in a ball inside the body"
SOURCE = "trabecular L1: Pickhardt 2013, doi:10.7326/0003-4819-158-8-201304160-00003; ball: own"


def measure(volume: Volume, labels: Labels, fitness: Fitness) -> tuple[Measurement, ...]:
    """Return one attenuation a level that is labelled and whole, L1 first; or one refusal."""
    method = _method(labels)
    reason = unfit(fitness, Use.BONE_ATTENUATION)
    if reason is not None:
        return (refused(KEY, HU, method, SOURCE, reason),)
    found = [one for one in (_level(volume, labels, fitness, level) for level in LEVELS) if one is not None]
    if found:
        return tuple(found)
    missing = labels.mask("vertebrae_L1")
    reason = missing.reason if isinstance(missing, Absent) else "no level is labelled"
    return (refused(KEY, HU, method, SOURCE, reason),)


def _level(volume: Volume, labels: Labels, fitness: Fitness, level: str) -> Measurement | None:
    mask = labels.mask(f"vertebrae_{level}")
    if isinstance(mask, Absent):
        return None
    method = _method(labels)
    if is_cut_off(mask, volume):
        return refused(KEY, HU, method, SOURCE, "the vertebra is cut off by the end of the scan", level)
    box = boxed(mask, margin=1)
    depth = ndimage.distance_transform_edt(mask[box], sampling=volume.spacing_mm[::-1])
    radius = float(depth.max())
    if radius < LEAST_RADIUS_MM:
        return refused(KEY, HU, method, SOURCE, "no vertebral body of usual size lies in the label", level)
    middle = np.unravel_index(int(depth.argmax()), depth.shape)
    away = [(np.arange(n) - at) * mm for n, at, mm in zip(depth.shape, middle, volume.spacing_mm[::-1], strict=True)]
    ball = away[0][:, None, None] ** 2 + away[1][:, None] ** 2 + away[2] ** 2 <= (SHARE * radius) ** 2
    values = volume.hu[box][ball].astype(float)
    if len(values) < LEAST_MEAN_OVER:
        return refused(KEY, HU, method, SOURCE, "too few voxels lie inside the vertebral body", level)
    sd = float(np.hypot(SCANNER_SD_HU, values.std() / np.sqrt(len(values) / 30)))  # 30 correlated voxels count as one
    caution = fitness.cautions.get(Use.BONE_ATTENUATION)
    return measured(KEY, HU, method, SOURCE, float(values.mean()), sd, level=level, caution=caution)


def _method(labels: Labels) -> str:
    return by(METHOD, labels) + (f"; {labels.levels}" if labels.levels else "")


MEASURE = Measure(keys=(KEY,), measure=measure, source=SOURCE, reviewed="2026-11")

"""How much muscle and fat does the slice through the third lumbar vertebra hold?

Fat lies inside or outside the wall of the trunk: the wall is what is left of lean tissue and bone when skin is taken
off and gaps are closed. Muscle is told where psoas and back muscles are labelled; the flat muscles of the wall are not.
It misleads where the arms lie in the slice, the trunk is cut off at the side, or the wall is thin (hernia, ascites).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.absent import Absent
from imaging.attenuation import is_cut_off
from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.measure.base import Measure, Measurement
from imaging.measure.told import by, measured, refused, unfit
from imaging.volume import Volume

KEYS = ("muscle_area_cm2", "visceral_fat_area_cm2", "subcutaneous_fat_area_cm2")
MUSCLE_HU = (-29, 150)  # Mourtzakis 2008, doi:10.1139/H08-075
FAT_HU = (-190, -30)  # the same for subcutaneous fat; visceral fat is given -150 to -50 there, one range is used here
SKIN_MM = 3.0  # skin is 1 to 3 mm thick
GAP_MM = 15.0  # half of the gaps in the wall that are closed (between the flat muscles and the back)
AIR_HU = -300  # between air and fat
MUSCLES = ("iliopsoas_left", "iliopsoas_right", "autochthon_left", "autochthon_right")
OUR_MUSCLES = "paraspinal_muscles"
WITH_QUADRATUS = "drawn by place and density, with quadratus lumborum: 12 % more than labels held on the one scan tried"
OUR_SHARE = 0.1  # sd of an area that we drew, as a share of it: how far it lay off labels, without quadratus lumborum
LEVEL = "L3"
CUT = "vertebra L3 is cut off by the end of the scan: the slice lies up to half its height off its middle"
SOURCE = "ranges: Mourtzakis 2008, doi:10.1139/H08-075; wall of the trunk: own"


def measure(volume: Volume, labels: Labels, fitness: Fitness) -> tuple[Measurement, ...]:
    """Return three areas at the middle of L3, each a value or a refusal."""
    reason = unfit(fitness, Use.BODY_COMPOSITION)
    vertebra = labels.mask("vertebrae_L3")
    if reason is not None or isinstance(vertebra, Absent):
        reason = reason or (vertebra.reason if isinstance(vertebra, Absent) else "")
        return tuple(_refusal(key, labels, reason) for key in KEYS)
    z = round(float(np.argwhere(vertebra.any(axis=(1, 2))).mean()))
    hu = volume.hu[z]
    body = _body(hu, volume)
    if body[:, [0, -1]].any():
        return tuple(_refusal(key, labels, "the trunk is cut off at the side") for key in KEYS)
    cautions = [fitness.cautions.get(Use.BODY_COMPOSITION), CUT if is_cut_off(vertebra, volume) else None]
    caution = "; ".join(one for one in cautions if one) or None
    inside = _inside_wall(hu, body, volume)
    fat = body & (hu >= FAT_HU[0]) & (hu <= FAT_HU[1])
    areas = {KEYS[1]: fat & inside, KEYS[2]: fat & ~inside}
    told = [_area(key, mask, volume, labels, caution) for key, mask in areas.items()]
    return (_muscle(volume, labels, z, caution), *told)


def _muscle(volume: Volume, labels: Labels, z: int, caution: str | None) -> Measurement:
    drawn, share = [mask[z] for mask in map(labels.mask, MUSCLES) if not isinstance(mask, Absent)], 0.0
    if len(drawn) < len(MUSCLES):
        ours = labels.mask(OUR_MUSCLES)
        if isinstance(ours, Absent):
            return _refusal(KEYS[0], labels, "psoas and back muscles are not labelled")
        drawn, share = [ours[z]], OUR_SHARE
        caution = "; ".join(one for one in (caution, WITH_QUADRATUS) if one)
    lean = (volume.hu[z] >= MUSCLE_HU[0]) & (volume.hu[z] <= MUSCLE_HU[1])
    return _area(KEYS[0], np.logical_or.reduce(drawn) & lean, volume, labels, caution, share)


def _body(hu: NDArray[np.int16], volume: Volume) -> NDArray[np.bool_]:
    """The largest piece that is no air, its holes filled; the table falls off as it is thin."""
    thin = max(1, round(5.0 / volume.spacing_mm[0]))  # a table's shell is a few mm thick
    solid = ndimage.binary_opening(hu > AIR_HU, iterations=thin)
    pieces, count = ndimage.label(solid)
    if count == 0:
        return np.zeros_like(solid)
    size = np.bincount(pieces.ravel())
    size[0] = 0
    return np.asarray(ndimage.binary_fill_holes(pieces == int(size.argmax())))


def _inside_wall(hu: NDArray[np.int16], body: NDArray[np.bool_], volume: Volume) -> NDArray[np.bool_]:
    pixel = volume.spacing_mm[0]
    deep = ndimage.distance_transform_edt(body) * pixel
    lean = ndimage.binary_opening((hu >= MUSCLE_HU[0]) & (deep > SKIN_MM), iterations=max(1, round(1.0 / pixel)))
    grown = ndimage.distance_transform_edt(~lean) * pixel <= GAP_MM
    filled = ndimage.binary_fill_holes(grown)
    return np.asarray((ndimage.distance_transform_edt(filled) * pixel > GAP_MM) | lean) & body


def _area(
    key: str, mask: NDArray[np.bool_], volume: Volume, labels: Labels, caution: str | None, share: float = 0.0
) -> Measurement:
    """The sd is that of a rim a quarter of a pixel wide, our own estimate, and `share` of the area beside it.

    The choice of slice adds to it.
    """
    x, y, _ = volume.spacing_mm
    rim = float((mask ^ ndimage.binary_erosion(mask)).sum()) * x * y / 100
    area = float(mask.sum()) * x * y / 100
    sd = float(np.hypot(0.25 * rim, share * area))
    return measured(key, "cm2", _method(labels), SOURCE, area, sd, level=LEVEL, caution=caution)


def _refusal(key: str, labels: Labels, reason: str) -> Measurement:
    return refused(key, "cm2", _method(labels), SOURCE, reason, LEVEL)


def _method(labels: Labels) -> str:
    return by("one slice, by HU", labels) + (f"; {labels.levels}" if labels.levels else "")


MEASURE = Measure(keys=KEYS, measure=measure, source=SOURCE, reviewed="2026-11")

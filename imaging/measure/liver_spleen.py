"""How dense and how large are liver and spleen, and how much denser is the one than the other?

Attenuation is the median of what lies well inside the organ, without what differs much from it (vessels, cysts).
Fat lowers the liver's attenuation; so the number and its difference to the spleen are told without contrast only.
It misleads with iron or amiodarone in the liver (denser), with other tube voltages than 120 kV, and where labels that
a program drew take in other organs.
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from imaging.absent import Absent
from imaging.attenuation import Attenuation, attenuation, is_cut_off
from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.measure.base import Measure, Measurement
from imaging.measure.told import by, measured, refused, unfit
from imaging.volume import Volume

DEPTH_MM = {"liver": 8.0, "spleen": 5.0}  # rim and partial volume left out; the spleen is the thinner organ
SOURCE = "liver attenuation for fat: Pickhardt 2012, doi:10.1007/s00330-011-2349-2; inside of the organ: own"
SCANNER_SD_HU = (
    4.0  # HU of water may differ by so much between scanners and days (a usual tolerance of acceptance tests [U])
)
SHELL_SD_SHARE = 0.25  # of a voxel: how far the drawn surface may lie off on the whole, our own estimate
PDFF_AT_0_HU, PDFF_PER_HU = 38.2, 0.58  # percent; Pickhardt 2018, Graffy 2019 (recalled, unverified)
HU, ML = "[hnsf'U]", "mL"
KEYS = (
    "liver_attenuation_hu",
    "spleen_attenuation_hu",
    "liver_spleen_difference_hu",
    "liver_volume_ml",
    "spleen_volume_ml",
)


def fat_percent(attenuation_hu: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a liver's attenuation (unenhanced, 120 kVp, HU) may mean as fat by MR (PDFF, percent).

    A straight line through patients, recalled and not compared with its source: a hint, never a measurement of fat.
    Below 0 % from about 66 HU on, where it says nothing; iron, amiodarone and glycogen hide fat.
    """
    return PDFF_AT_0_HU - PDFF_PER_HU * attenuation_hu


def measure(volume: Volume, labels: Labels, fitness: Fitness) -> tuple[Measurement, ...]:
    """Return the five numbers, each a value or a refusal."""
    inside = {organ: _attenuation(volume, labels, fitness, organ) for organ in ("liver", "spleen")}
    found = [_told(organ, answer, labels, fitness) for organ, answer in inside.items()]
    found.append(_difference(inside["liver"], inside["spleen"], labels, fitness))
    return (*found, *(volume_of(volume, labels, fitness, organ) for organ in ("liver", "spleen")))


def volume_of(volume: Volume, labels: Labels, fitness: Fitness, organ: str) -> Measurement:
    """Return the volume of an organ in mL; refused where the scan does not hold all of it."""
    key, method = f"{organ}_volume_ml", by("labelled voxels", labels)
    reason = unfit(fitness, Use.ORGAN_VOLUME)
    mask = labels.mask(organ)
    if reason is None and isinstance(mask, Absent):
        reason = mask.reason
    if reason is not None or isinstance(mask, Absent):
        return refused(key, ML, method, "count", reason or "")
    if is_cut_off(mask, volume):
        return refused(key, ML, method, "count", f"the {organ.replace('_', ' ')} is cut off by the end of the scan")
    voxel_mm3 = float(np.prod(volume.spacing_mm))
    sd = SHELL_SD_SHARE * _surface_mm2(mask, volume) * float(np.mean(volume.spacing_mm)) / 1000
    caution = fitness.cautions.get(Use.ORGAN_VOLUME)
    return measured(key, ML, method, "count", float(mask.sum()) * voxel_mm3 / 1000, sd, digits=0, caution=caution)


def _attenuation(volume: Volume, labels: Labels, fitness: Fitness, organ: str) -> Attenuation | Absent:
    reason = unfit(fitness, Use.LIVER_ATTENUATION)
    if reason is not None:
        return Absent(reason=reason)
    mask = labels.mask(organ)
    if isinstance(mask, Absent):
        return mask
    found = attenuation(mask, volume, DEPTH_MM[organ])
    return Absent(reason=f"{organ}: {found.reason}") if isinstance(found, Absent) else found


def _told(organ: str, answer: Attenuation | Absent, labels: Labels, fitness: Fitness) -> Measurement:
    key, method = (
        f"{organ}_attenuation_hu",
        by(f"median more than {DEPTH_MM[organ]:g} mm inside, vessels left out", labels),
    )
    if isinstance(answer, Absent):
        return refused(key, HU, method, SOURCE, answer.reason)
    sd = sqrt(answer.error_hu**2 + SCANNER_SD_HU**2)
    return measured(key, HU, method, SOURCE, answer.median_hu, sd, caution=fitness.cautions.get(Use.LIVER_ATTENUATION))


def _difference(
    liver: Attenuation | Absent, spleen: Attenuation | Absent, labels: Labels, fitness: Fitness
) -> Measurement:
    """The scanner's offset is the same in both organs and falls out of the difference."""
    key, method = "liver_spleen_difference_hu", by("liver minus spleen", labels)
    for one in (liver, spleen):
        if isinstance(one, Absent):
            return refused(key, HU, method, SOURCE, one.reason)
    assert isinstance(liver, Attenuation) and isinstance(spleen, Attenuation)
    sd = sqrt(liver.error_hu**2 + spleen.error_hu**2)
    caution = fitness.cautions.get(Use.LIVER_ATTENUATION)
    return measured(key, HU, method, SOURCE, liver.median_hu - spleen.median_hu, sd, caution=caution)


def _surface_mm2(mask: NDArray[np.bool_], volume: Volume) -> float:
    """Area of the faces between voxels in and out, times 2/3: faces of voxels overstate a round surface by 3/2."""
    x, y, z = volume.spacing_mm
    faces = ((0, x * y), (1, x * z), (2, y * z))
    return sum(float(np.count_nonzero(np.diff(mask, axis=axis))) * area for axis, area in faces) * 2 / 3


MEASURE = Measure(keys=KEYS, measure=measure, source=SOURCE, reviewed="2026-11")

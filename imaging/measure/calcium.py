"""How much calcium is in the coronary arteries and in the wall of the aorta?

What is scored, and how: `imaging/calcium.py`. Where: around the heart without aorta and bone (level `coronary`), and
the aorta with its wall (level `aorta`).
It misleads: valves and the pericardium calcify too and can't be told from coronaries by the heart's outline alone; a
scan without ECG blurs the coronaries; stents, clips and leads are as bright as calcium.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging import calcium
from imaging.absent import Absent
from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.measure.base import Measure, Measurement
from imaging.volume import Volume

KEYS = ("agatston", "calcium_volume_mm3", "calcium_mass_mg")
UNITS = {"agatston": "{score}", "calcium_volume_mm3": "mm3", "calcium_mass_mg": "mg"}
LEVELS = ("coronary", "aorta")
AROUND_HEART_MM = 5.0  # reason: the coronaries run in the fat on the heart, within some mm of its outline
AROUND_AORTA_MM = 2.0  # reason: the wall, where the calcium is, is about 2 mm thick; outlines follow the blood
AROUND_BONE_MM = 2.0  # reason: the blurred rim of bone is above 130 HU
BONES = ("vertebrae_", "rib_", "sternum", "costal_cartilages", "clavicula_", "scapula_")
SCORE_SD_SHARE = 0.18  # two scans of a person differ by 20 % on average (Detrano 2005, doi:10.1148/radiol.2362040513;
#                        recalled, unverified); mean |difference| of two normal values is 2 / sqrt(pi) = 1.13 sd
SOURCE = "Agatston 1990, doi:10.1016/0735-1097(90)90282-T; Black 2023, doi:10.1117/1.JMI.10.4.043502"
CAUTIONS = {
    "coronary": "valve and pericardial calcium, stents and clips count too",
    "aorta": "calcium of the aortic valve counts in part",
}


def measure(volume: Volume, labels: Labels, fitness: Fitness) -> tuple[Measurement, ...]:
    """Return score, volume and mass of the coronary region and of the aorta, or why not."""
    return tuple(one for level in LEVELS for one in _of_level(volume, labels, fitness, level))


def measured(
    volume: Volume,
    region: NDArray[np.bool_],
    fitness: Fitness,
    level: str,
    calibration: calcium.Calibration = calcium.DEFAULT_CALIBRATION,
) -> tuple[Measurement, ...]:
    """Return score, volume and mass within a region (Z, Y, X) that was chosen by hand or by labels."""
    refused = fitness.unfit.get(Use.CALCIUM)
    if refused:
        return _refused(refused, level)
    scored = calcium.slabs(volume.hu, region, volume.spacing_mm, volume.provenance.slice_thickness_mm)
    if isinstance(scored, Absent):
        return _refused(scored.reason, level)
    score, mm3 = calcium.agatston(scored), calcium.volume_mm3(scored)
    mass, mass_sd = calcium.mass_mg(scored, calibration)
    found = {
        "agatston": (score, score * SCORE_SD_SHARE, "130 HU, 1 mm2, weights 1 to 4, 3 mm"),
        "calcium_volume_mm3": (mm3, mm3 * SCORE_SD_SHARE, "voxels of 130 HU and more in areas of 1 mm2 and more"),
        "calcium_mass_mg": (mass, mass_sd, f"integrated intensity; {calibration.method}"),
    }
    caution = "; ".join(filter(None, (fitness.cautions.get(Use.CALCIUM), CAUTIONS.get(level))))
    return tuple(
        Measurement(
            key=key,
            unit=UNITS[key],
            method="; ".join(filter(None, (method, scored.note))),
            source=SOURCE,
            value=value,
            sd=sd,
            level=level,
            caution=caution or None,
        )
        for key, (value, sd, method) in found.items()
    )


def _of_level(volume: Volume, labels: Labels, fitness: Fitness, level: str) -> tuple[Measurement, ...]:
    refused = fitness.unfit.get(Use.CALCIUM)
    if refused:  # before the region is drawn, which takes most of the time
        return _refused(refused, level)
    found = region(labels, level, volume.spacing_mm)
    if isinstance(found, Absent):
        return _refused(found.reason, level)
    box, mask = found
    cut = Volume(hu=volume.hu[box], affine_lps=volume.affine_lps, provenance=volume.provenance)
    return measured(cut, mask, fitness, level)


def region(
    labels: Labels, level: str, spacing_mm: tuple[float, float, float]
) -> tuple[tuple[slice, slice, slice], NDArray[np.bool_]] | Absent:
    """Return the box of the volume and within it True where calcium of this level counts; bone is left out."""
    organ = labels.mask("heart" if level == "coronary" else "aorta")
    if isinstance(organ, Absent):
        return organ
    around_mm = AROUND_HEART_MM if level == "coronary" else AROUND_AORTA_MM
    steps = [int((around_mm + 3) / mm) + 1 for mm in spacing_mm[::-1]]
    found = ndimage.find_objects(organ.astype(np.uint8))[0]
    z, y, x = (slice(max(0, one.start - more), one.stop + more) for one, more in zip(found, steps, strict=True))
    box = (z, y, x)
    inside = _grown(organ[box], around_mm, spacing_mm)
    if level == "coronary":
        aorta = labels.mask("aorta")
        if isinstance(aorta, Absent):
            return Absent(reason="the aorta is not labelled: its calcium could not be told from the coronaries'")
        inside &= ~_grown(aorta[box], AROUND_AORTA_MM, spacing_mm)
    bone = _bone(labels)
    if bone is not None:
        inside &= ~_grown(bone[box], AROUND_BONE_MM, spacing_mm)
    return box, inside


def _bone(labels: Labels) -> NDArray[np.bool_] | None:
    whole = labels.mask("bone")
    if not isinstance(whole, Absent):
        return whole
    parts = [labels.mask(name) for name in labels.numbers if name.startswith(BONES)]
    masks = [one for one in parts if not isinstance(one, Absent)]
    return np.logical_or.reduce(masks) if masks else None


def _grown(mask: NDArray[np.bool_], mm: float, spacing_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    if not mask.any():
        return mask.copy()
    within: NDArray[np.bool_] = ndimage.distance_transform_edt(~mask, sampling=spacing_mm[::-1]) <= mm
    return within


def _refused(reason: str, level: str) -> tuple[Measurement, ...]:
    method = "Agatston, volume and mass in a region"
    return tuple(
        Measurement(key=key, unit=UNITS[key], method=method, source=SOURCE, refused=reason, level=level) for key in KEYS
    )


MEASURE = Measure(keys=KEYS, measure=measure, source=SOURCE, reviewed="2026-11")

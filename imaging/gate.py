"""Is this series fit for this measurement? Per use a yes, or the reason why not, from pixels as well as from tags."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import numpy as np

from imaging.absent import Absent
from imaging.kernel import sharpness
from imaging.labels import Labels
from imaging.phase import phase
from imaging.scale import UNCHECKED
from imaging.volume import Volume


class Use(StrEnum):
    """What a series is to be used for; each measurement names one."""

    LUNG_VOLUME = "lung_volume"
    LUNG_DENSITY = "lung_density"
    NODULE_VOLUME = "nodule_volume"
    CALCIUM = "calcium"
    AORTA_DIAMETER = "aorta_diameter"
    ORGAN_VOLUME = "organ_volume"
    LIVER_ATTENUATION = "liver_attenuation"
    PANCREAS = "pancreas"
    HEART_SIZE = "heart_size"
    BONE_ATTENUATION = "bone_attenuation"
    BODY_COMPOSITION = "body_composition"


@dataclass(frozen=True, kw_only=True)
class Fitness:
    """What a series may be used for. `contrast` is judged from pixels and tags; `unfit` names uses with the reason.

    `cautions` names uses that are allowed with a caveat that stands beside the number.
    """

    contrast: Literal["none", "enhanced", "unknown"]
    unfit: Mapping[Use, str] = field(default_factory=dict)
    cautions: Mapping[Use, str] = field(default_factory=dict)


# Slices up to the first are as the source asks; up to the second they are taken with a caveat; beyond they are refused.
SLICE_MM: Mapping[Use, tuple[float, float]] = {
    Use.LUNG_VOLUME: (5.0, 10.5),  # reason: 10 mm of a 250 mm lung blur its two ends by some per cent
    Use.LUNG_DENSITY: (1.5, 5.5),  # LAA-950 falls with thicker slices (unverified); thin ones are the reference
    Use.NODULE_VOLUME: (1.5, 5.5),  # Fleischner 2017, doi:10.1148/radiol.2017161659: 1.5 mm or less
    Use.CALCIUM: (3.05, 3.55),  # Agatston 1990, doi:10.1016/0735-1097(90)90282-T: 3 mm; thicker can't be scored alike
    Use.AORTA_DIAMETER: (3.0, 5.5),  # reason: across an arch that runs in the slice plane the slice is the resolution
    Use.ORGAN_VOLUME: (5.5, 10.5),  # reason: as for the lung
    Use.LIVER_ATTENUATION: (5.5, 10.5),  # reason: only partial volume at the border, which is left out
    Use.PANCREAS: (3.05, 5.5),  # reason: the duct is 2 to 3 mm wide
    Use.HEART_SIZE: (5.5, 10.5),  # reason: a width within the slice plane
    Use.BONE_ATTENUATION: (5.5, 5.5),  # reason: the body of a vertebra is 20 mm high, its plates excluded 10
    Use.BODY_COMPOSITION: (5.5, 10.5),  # reason: areas within one slice
}
_VALUES = (Use.LUNG_DENSITY, Use.CALCIUM, Use.LIVER_ATTENUATION, Use.BONE_ATTENUATION)  # rest on HU themselves
_NATIVE_ONLY = (Use.CALCIUM, Use.LIVER_ATTENUATION)
_RAISED = (Use.LUNG_DENSITY, Use.BONE_ATTENUATION, Use.BODY_COMPOSITION)  # measurable, but contrast raises the HU
_KVP_BOUND = (Use.CALCIUM, Use.BONE_ATTENUATION)  # thresholds made at 120 kVp: iodine, calcium change most with energy
STANDARD_KVP = 120.0  # Agatston's 130 HU and Pickhardt's trabecular cut-offs stand for 120 kVp
KVP_SLACK = 5.0  # 125 kVp is another spectrum, 119.6 a rounding
LUNGS = ("lungs", "lung_upper_lobe_left", "lung_lower_lobe_left", "lung_upper_lobe_right", "lung_lower_lobe_right")
END_MM2 = 500.0  # reason: more of an organ in the first or last slice means that it goes on beyond


def judge(volume: Volume, labels: Labels) -> Fitness:
    """Return for each use whether this series may be measured, and the contrast phase.

    Phase, cut organs and slice distance come from pixels and positions; kernel, voltage and slice thickness are known
    from tags only, and a missing tag is a caveat, not a no. Where pixels and tag differ the caveat says so.
    """
    seen = phase(volume, labels)
    unfit: dict[Use, list[str]] = {}
    cautions: dict[Use, list[str]] = {}
    if seen.contrast == "enhanced":
        _add(unfit, _NATIVE_ONLY, f"contrast was given ({seen.reason})")
        _add(cautions, _RAISED, f"contrast raises the values ({seen.reason})")
    elif seen.contrast == "unknown":
        _add(cautions, (*_NATIVE_ONLY, *_RAISED), f"contrast is not known ({seen.reason})")
    if seen.disagreement:
        _add(cautions, tuple(Use), seen.disagreement)
    _judge_slices(volume, unfit, cautions)
    _judge_acquisition(volume, unfit, cautions)
    _judge_history(volume, unfit, cautions)
    _judge_coverage(volume, labels, unfit, cautions)
    return Fitness(
        contrast=seen.contrast,
        unfit={use: "; ".join(reasons) for use, reasons in unfit.items()},
        cautions={use: "; ".join(reasons) for use, reasons in cautions.items()},
    )


def slice_mm(volume: Volume) -> float:
    """Return what a slice blurs along z: its thickness, or the distance of slices where that is more or all we know."""
    return max(volume.spacing_mm[2], volume.provenance.slice_thickness_mm or 0.0)  # the tag can lie low; both blur


def _add(to: dict[Use, list[str]], uses: tuple[Use, ...], reason: str) -> None:
    for use in uses:
        to.setdefault(use, []).append(reason)


def _judge_slices(volume: Volume, unfit: dict[Use, list[str]], cautions: dict[Use, list[str]]) -> None:
    distance = volume.spacing_mm[2]
    thickness = volume.provenance.slice_thickness_mm
    seen = slice_mm(volume)
    for use, (good, most) in SLICE_MM.items():
        if seen > most:
            _add(unfit, (use,), f"slices of {seen:g} mm, at most {most:g} mm can be used")
        elif seen > good:
            _add(cautions, (use,), f"slices of {seen:g} mm, best at most {good:g} mm")
    if thickness is not None and distance > 1.1 * thickness:
        gap = f"the slices are {thickness:g} mm thick but {distance:g} mm apart: what lies between was not seen"
        _add(unfit, (Use.CALCIUM, Use.NODULE_VOLUME), gap)
        _add(cautions, (Use.LUNG_VOLUME, Use.ORGAN_VOLUME), gap)


def _judge_acquisition(volume: Volume, unfit: dict[Use, list[str]], cautions: dict[Use, list[str]]) -> None:
    kvp, kernel = volume.provenance.kvp, volume.provenance.kernel
    if kvp is None:
        _add(cautions, _VALUES, "the tube voltage is not known; taken as 120 kVp")
    elif abs(kvp - STANDARD_KVP) > KVP_SLACK:
        _add(unfit, _KVP_BOUND, f"taken at {kvp:g} kVp, thresholds stand for 120 kVp")
        _add(cautions, (Use.LUNG_DENSITY, Use.LIVER_ATTENUATION), f"taken at {kvp:g} kVp instead of 120 kVp")
    sharp = sharpness(volume.provenance.manufacturer, kernel)
    if sharp == "sharp":
        _add(unfit, (Use.LUNG_DENSITY, Use.CALCIUM), f"sharp kernel {kernel}: noise and edges cross the thresholds")
        _add(cautions, (Use.NODULE_VOLUME, Use.BONE_ATTENUATION), f"sharp kernel {kernel}: edges overshoot")
    elif sharp is None:
        _add(cautions, (Use.LUNG_DENSITY, Use.CALCIUM), f"the kernel {kernel or '(no tag)'} is not known here")


def _judge_history(volume: Volume, unfit: dict[Use, list[str]], cautions: dict[Use, list[str]]) -> None:
    for warning in volume.provenance.warnings:
        said = warning.lower()
        if UNCHECKED in warning:
            _add(unfit, (*_VALUES, Use.PANCREAS, Use.BODY_COMPOSITION, Use.LUNG_VOLUME), warning)
            _add(cautions, (Use.NODULE_VOLUME, Use.AORTA_DIAMETER, Use.ORGAN_VOLUME, Use.HEART_SIZE), warning)
        if "with loss" in said or "lossy" in said:
            _add(unfit, _VALUES, "the pixels were compressed with loss")
            _add(cautions, (Use.NODULE_VOLUME, Use.PANCREAS), "the pixels were compressed with loss")
        if "interpolated" in said or "tilt" in said:
            _add(unfit, (Use.CALCIUM,), "slices were interpolated, which lowers the peaks that are scored")
            _add(cautions, (Use.LUNG_DENSITY, Use.NODULE_VOLUME), "slices were interpolated, which smooths them")


def _judge_coverage(
    volume: Volume, labels: Labels, unfit: dict[Use, list[str]], cautions: dict[Use, list[str]]
) -> None:
    if any(_is_cut(volume, labels, organ) for organ in LUNGS):
        _add(unfit, (Use.LUNG_VOLUME,), "the lungs are not whole in this series")
        _add(cautions, (Use.LUNG_DENSITY,), "the lungs are not whole: the share is of the part that was scanned")
    if _is_cut(volume, labels, "heart"):
        _add(unfit, (Use.HEART_SIZE,), "the heart is not whole in this series")
        _add(cautions, (Use.CALCIUM,), "the heart is not whole: the score is a lower bound")


def _is_cut(volume: Volume, labels: Labels, organ: str) -> bool:
    mask = labels.mask(organ)
    if isinstance(mask, Absent):
        return False
    dx, dy, _ = volume.spacing_mm
    ends_mm2 = max(int(np.count_nonzero(mask[0])), int(np.count_nonzero(mask[-1]))) * dx * dy
    return ends_mm2 > END_MM2

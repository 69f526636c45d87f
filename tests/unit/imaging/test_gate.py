"""Which series may be used for which measurement, and what is said when tags lie."""

from dataclasses import replace

import numpy as np
import pytest

from imaging.gate import Fitness, Use, judge
from imaging.kernel import sharpness
from imaging.volume import Provenance
from tests.unit.imaging.drawn import PLAIN, labels_of, volume_of


def judged(aorta_hu: int | None = None, slice_mm: float = 1.5, provenance: Provenance = PLAIN) -> Fitness:
    hu = np.full((20, 40, 40), 40, np.int16)
    aorta = np.zeros(hu.shape, bool)
    aorta[2:18, 10:30, 10:30] = True
    organs = {}
    if aorta_hu is not None:
        hu[aorta] = aorta_hu
        organs["aorta"] = aorta
    provenance = replace(provenance, slice_thickness_mm=slice_mm) if provenance is PLAIN else provenance
    return judge(volume_of(hu, (1.0, 1.0, slice_mm), provenance), labels_of(hu.shape, organs))


def test_a_thin_native_series_of_a_soft_kernel_is_fit_for_everything() -> None:
    fitness = judged(aorta_hu=42)
    assert fitness.contrast == "none" and not fitness.unfit and not fitness.cautions


def test_bright_blood_makes_liver_and_calcium_unfit_without_any_tag() -> None:
    fitness = judged(aorta_hu=410)
    assert fitness.contrast == "enhanced"
    assert "aorta 410 HU" in fitness.unfit[Use.CALCIUM] and "aorta 410 HU" in fitness.unfit[Use.LIVER_ATTENUATION]
    assert "contrast" in fitness.cautions[Use.BONE_ATTENUATION]


def test_a_tag_that_says_no_contrast_loses_against_bright_blood_and_that_is_said() -> None:
    fitness = judged(aorta_hu=300, provenance=replace(PLAIN, contrast_agent="NONE"))
    assert fitness.contrast == "enhanced"
    assert "the pixels are believed" in fitness.cautions[Use.LIVER_ATTENUATION]


def test_a_tag_that_names_contrast_loses_against_dark_blood_and_that_is_said() -> None:
    fitness = judged(aorta_hu=40, provenance=replace(PLAIN, contrast_agent="IV"))
    assert fitness.contrast == "none" and Use.LIVER_ATTENUATION not in fitness.unfit
    assert "the tag names contrast" in fitness.cautions[Use.LIVER_ATTENUATION]


def test_without_a_vessel_the_tag_is_heard_and_without_both_nothing_is_claimed() -> None:
    assert judged(provenance=replace(PLAIN, contrast_agent="IV")).contrast == "enhanced"
    assert judged(provenance=replace(PLAIN, contrast_agent="NONE")).contrast == "none"
    assert judged().contrast == "unknown"


def test_blood_between_native_and_enhanced_is_not_guessed() -> None:
    fitness = judged(aorta_hu=90)
    assert fitness.contrast == "unknown" and "aorta 90 HU" in fitness.cautions[Use.CALCIUM]


@pytest.mark.parametrize(
    ("slice_mm", "unfit"),
    [
        (3.0, set()),
        (5.0, {Use.CALCIUM}),
        (8.0, {Use.CALCIUM, Use.LUNG_DENSITY, Use.NODULE_VOLUME, Use.AORTA_DIAMETER, Use.PANCREAS,
               Use.BONE_ATTENUATION}),
        (12.0, set(Use)),
    ],
)  # fmt: skip
def test_thick_slices_are_unfit_for_what_is_small(slice_mm: float, unfit: set[Use]) -> None:
    assert set(judged(aorta_hu=42, slice_mm=slice_mm).unfit) == unfit


def test_a_thickness_tag_that_says_1_mm_does_not_hide_slices_8_mm_apart() -> None:
    fitness = judged(aorta_hu=42, slice_mm=8.0, provenance=replace(PLAIN, slice_thickness_mm=1.0))
    assert "8 mm" in fitness.unfit[Use.NODULE_VOLUME] and "was not seen" in fitness.unfit[Use.CALCIUM]


def test_a_sharp_kernel_is_unfit_for_thresholds() -> None:
    fitness = judged(aorta_hu=42, provenance=replace(PLAIN, kernel="B70f"))
    assert {Use.CALCIUM, Use.LUNG_DENSITY} == set(fitness.unfit)


def test_an_unknown_kernel_is_a_caveat() -> None:
    fitness = judged(aorta_hu=42, provenance=replace(PLAIN, kernel=None))
    assert not fitness.unfit and "kernel" in fitness.cautions[Use.CALCIUM]


@pytest.mark.parametrize(
    ("manufacturer", "kernel", "expected"),
    [
        ("GE MEDICAL SYSTEMS", "STANDARD", "smooth"),
        ("GE MEDICAL SYSTEMS", "BONEPLUS", "sharp"),
        ("SIEMENS", "B40f", "smooth"),
        ("Siemens Healthineers", "Bl57d\\3", "sharp"),
        ("TOSHIBA", "FC12", "smooth"),
        ("Canon Medical Systems", "FC52", "sharp"),
        ("Philips", "B", "smooth"),
        ("Philips", "YC", "sharp"),
        ("Neusoft", "F20", None),
        (None, None, None),
        ("SIEMENS", "", None),
    ],
)
def test_kernels_are_told_by_their_vendors_naming(manufacturer: str, kernel: str, expected: str | None) -> None:
    assert sharpness(manufacturer, kernel) == expected


@pytest.mark.parametrize(
    ("warning", "use"),
    [
        ("20 slice(s) were compressed with loss: values may be off by some HU", Use.LIVER_ATTENUATION),
        ("slice distances vary from 1.0 to 3.0 mm; interpolated to 2.00 mm", Use.CALCIUM),
        ("the gantry was tilted by 18.5 degrees; sheared back", Use.CALCIUM),
    ],
)
def test_pixels_that_were_changed_on_the_way_are_unfit(warning: str, use: Use) -> None:
    assert use in judged(aorta_hu=42, provenance=replace(PLAIN, warnings=(warning,))).unfit


def test_a_low_voltage_is_unfit_for_calcium_and_bone() -> None:
    assert {Use.CALCIUM, Use.BONE_ATTENUATION} == set(judged(aorta_hu=42, provenance=replace(PLAIN, kvp=80.0)).unfit)


def test_lungs_and_heart_that_go_on_beyond_the_series_are_not_whole() -> None:
    hu = np.full((20, 60, 60), 40, np.int16)
    lungs, heart = np.zeros(hu.shape, bool), np.zeros(hu.shape, bool)
    lungs[5:, :30] = True
    heart[:10, 30:] = True
    fitness = judge(volume_of(hu, (1.0, 1.0, 1.5)), labels_of(hu.shape, {"lungs": lungs, "heart": heart}))
    assert "not whole" in fitness.unfit[Use.LUNG_VOLUME] and "not whole" in fitness.unfit[Use.HEART_SIZE]
    assert "lower bound" in fitness.cautions[Use.CALCIUM]

"""Agatston, volume and mass on phantoms that were computed by hand: every number beside them was.

Pixels of 0.5 x 0.5 mm (0.25 mm2), slices of 3 mm unless said; background 40 HU.
"""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging import calcium
from imaging.absent import Absent
from imaging.gate import Fitness, Use, judge
from imaging.measure.calcium import MEASURE, measured
from tests.unit.imaging.drawn import PLAIN, labels_of, volume_of

SPACING = (0.5, 0.5, 3.0)
FIT = Fitness(contrast="none")


def blank(slices: int = 5) -> NDArray[np.int16]:
    return np.full((slices, 60, 60), 40, np.int16)


def scored(hu: NDArray[np.int16], spacing: tuple[float, float, float] = SPACING, thickness: float | None = None):
    found = calcium.slabs(hu, np.ones(hu.shape, bool), spacing, thickness)
    assert isinstance(found, calcium.Slabs)
    return found


@pytest.mark.parametrize(
    ("peak_hu", "weight"),
    [(129, 0), (130, 1), (199, 1), (200, 2), (299, 2), (300, 3), (399, 3), (400, 4), (2000, 4)],
)
def test_the_weight_changes_at_130_200_300_and_400_hu(peak_hu: int, weight: int) -> None:
    hu = blank()
    hu[2, 10:14, 10:12] = peak_hu  # 8 pixels = 2 mm2
    assert calcium.agatston(scored(hu)) == pytest.approx(2.0 * weight)


def test_the_brightest_voxel_weighs_the_whole_area() -> None:
    hu = blank()
    hu[2, 10:20, 10:20] = 150  # 100 pixels = 25 mm2
    hu[2, 15, 15] = 450
    assert calcium.agatston(scored(hu)) == pytest.approx(25 * 4)


def test_an_area_below_1_mm2_does_not_count_and_one_of_1_mm2_does() -> None:
    hu = blank()
    hu[1, 10, 10:13] = 500  # 3 pixels = 0.75 mm2
    assert calcium.agatston(scored(hu)) == 0
    assert calcium.volume_mm3(scored(hu)) == 0
    hu[1, 10, 13] = 500  # 1 mm2
    assert calcium.agatston(scored(hu)) == pytest.approx(4.0)
    assert calcium.volume_mm3(scored(hu)) == pytest.approx(3.0)


def test_pixels_that_touch_at_a_corner_are_one_area() -> None:
    hu = blank()
    hu[1, 10, 10:12] = 200
    hu[1, 11, 12:14] = 200
    assert calcium.agatston(scored(hu)) == pytest.approx(1.0 * 2)


def test_two_lesions_are_weighed_each_by_its_own_peak() -> None:
    hu = blank()
    hu[1, 10:14, 10:14] = 150  # 4 mm2 x 1
    hu[1, 40:44, 40:48] = 350  # 8 mm2 x 3
    assert calcium.agatston(scored(hu)) == pytest.approx(4 + 24)
    assert calcium.volume_mm3(scored(hu)) == pytest.approx(12 * 3)


def test_a_lesion_through_three_slices_is_weighed_slice_by_slice() -> None:
    hu = blank()
    hu[1, 10:14, 10:14] = 250  # 4 x 2
    hu[2, 10:14, 10:14] = 450  # 4 x 4
    hu[3, 10:14, 10:14] = 140  # 4 x 1
    assert calcium.agatston(scored(hu)) == pytest.approx(28)


def test_only_the_region_counts() -> None:
    hu = blank()
    hu[1, 10:14, 10:14] = 250
    region = np.zeros(hu.shape, bool)
    region[1, 10:12] = True  # half of the lesion: 2 mm2
    found = calcium.slabs(hu, region, SPACING)
    assert isinstance(found, calcium.Slabs)
    assert calcium.agatston(found) == pytest.approx(2 * 2)


def test_slices_of_two_and_a_half_mm_are_scaled_by_their_distance() -> None:
    hu = blank()
    hu[1:4, 10:14, 10:14] = 450  # 3 slices x 4 mm2 x 4
    assert calcium.agatston(scored(hu, (0.5, 0.5, 2.5))) == pytest.approx(48 * 2.5 / 3)


def test_overlapping_slices_of_3_mm_give_the_score_of_those_side_by_side() -> None:
    side_by_side, overlapping = blank(6), blank(12)
    side_by_side[2:4, 10:14, 10:14] = 450
    overlapping[4:8, 10:14, 10:14] = 450  # every 1.5 mm, 3 mm thick
    expected = calcium.agatston(scored(side_by_side))
    assert expected == pytest.approx(32)
    assert calcium.agatston(scored(overlapping, (0.5, 0.5, 1.5), 3.0)) == pytest.approx(expected)


def test_thin_slices_are_averaged_to_3_mm_before_they_are_scored() -> None:
    hu = blank(9)
    hu[3:6, 10:14, 10:14] = 450  # one slab of 3 x 1 mm: 4 mm2 x 4
    hu[6, 40:44, 40:44] = 310  # a third of a slab: (310 + 2 x 40) / 3 = 130: 4 mm2 x 1
    found = scored(hu, (0.5, 0.5, 1.0))
    assert found.spacing_mm == (0.5, 0.5, 3.0)
    assert calcium.agatston(found) == pytest.approx(16 + 4)


@pytest.mark.parametrize("distance_mm", [5.0, 2.0, 3.6])
def test_slices_that_cannot_become_3_mm_are_refused(distance_mm: float) -> None:
    refused = calcium.slabs(blank(), np.ones((5, 60, 60), bool), (0.5, 0.5, distance_mm))
    assert isinstance(refused, Absent) and "3 mm" in refused.reason


def test_the_mass_of_a_drawn_cylinder_is_its_density_times_its_volume() -> None:
    hu = blank()
    hu[2, 20:30, 20:30] += 400  # 25 mm2 x 3 mm = 0.075 ml; 400 HU x 0.5 mg/ml/HU = 200 mg/ml: 15 mg
    known = calcium.from_rods(rod_mg_per_ml=200, rod_hu=400, water_hu=0)
    mass, _ = calcium.mass_mg(scored(hu), known)
    assert mass == pytest.approx(15.0, abs=1e-6)


def test_blur_moves_no_calcium_out_of_the_mass() -> None:
    from scipy import ndimage

    hu = blank(9).astype(float)
    hu[3:6, 20:30, 20:30] += 800
    soft = ndimage.gaussian_filter(hu, (0, 1.0, 1.0))  # 0.5 mm
    known = calcium.from_rods(200, 400, 0)
    sharp_mass, _ = calcium.mass_mg(scored(hu.astype(np.int16)), known)
    soft_mass, _ = calcium.mass_mg(scored(np.rint(soft).astype(np.int16)), known)
    assert soft_mass == pytest.approx(sharp_mass, rel=0.01)


def test_no_calcium_is_a_score_of_zero_and_no_refusal() -> None:
    by_key = {one.key: one for one in measured(volume_of(blank(), SPACING), np.ones((5, 60, 60), bool), FIT, "here")}
    assert [by_key[key].value for key in MEASURE.keys] == [0, 0, 0]


def scene() -> tuple[NDArray[np.int16], dict[str, NDArray[np.bool_]]]:
    """Heart, aorta and a vertebra side by side; 1 mm pixels."""
    hu = np.full((8, 80, 80), 40, np.int16)
    heart, aorta, bone = (np.zeros(hu.shape, bool) for _ in range(3))
    heart[1:7, 10:30, 10:50] = True
    aorta[1:7, 45:60, 20:35] = True
    bone[1:7, 45:75, 37:60] = True
    hu[bone] = 300
    return hu, {"heart": heart, "aorta": aorta, "vertebrae_T8": bone}


def test_coronary_and_aortic_calcium_are_told_apart_and_bone_is_left_out() -> None:
    hu, organs = scene()
    hu[3, 31, 20:24] = 250  # just outside the heart: 4 mm2 x 2
    hu[3, 45, 25:27] = 450  # in the wall of the aorta: 2 mm2 x 4
    volume, labels = volume_of(hu, (1.0, 1.0, 3.0)), labels_of(hu.shape, organs)
    found = {(one.key, one.level): one.value for one in MEASURE.measure(volume, labels, FIT)}
    assert found["agatston", "coronary"] == pytest.approx(8)
    assert found["agatston", "aorta"] == pytest.approx(8)
    assert found["calcium_volume_mm3", "aorta"] == pytest.approx(6)


def test_without_a_labelled_aorta_the_coronaries_are_refused() -> None:
    hu, organs = scene()
    del organs["aorta"]
    found = MEASURE.measure(volume_of(hu, (1.0, 1.0, 3.0)), labels_of(hu.shape, organs), FIT)
    assert all(one.refused and "aorta" in one.refused for one in found)


def test_with_contrast_calcium_is_refused_with_the_reason() -> None:
    hu, organs = scene()
    hu[organs["aorta"]] = 300
    volume, labels = volume_of(hu, (1.0, 1.0, 3.0)), labels_of(hu.shape, organs)
    found = MEASURE.measure(volume, labels, judge(volume, labels))
    assert len(found) == 6 and all(one.refused and "contrast" in one.refused for one in found)


def test_another_voltage_is_refused() -> None:
    hu, organs = scene()
    volume, labels = volume_of(hu, (1.0, 1.0, 3.0), replace(PLAIN, kvp=100.0)), labels_of(hu.shape, organs)
    assert "100 kVp" in judge(volume, labels).unfit[Use.CALCIUM]

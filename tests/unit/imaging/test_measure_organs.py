"""Measures on drawings whose numbers are known, and their refusals."""

from dataclasses import replace

import numpy as np
import pytest

from imaging.absent import Absent
from imaging.centreline import centreline
from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.measure import aorta, body_composition, heart, kidney, liver_spleen, pancreas, vertebra
from imaging.measure.base import Measurement
from imaging.volume import Volume
from tests.drawn_chest import DRAWN, MM, Drawn, healthy, scanned

NATIVE = Fitness(contrast="none")
ENHANCED = Fitness(contrast="enhanced", unfit={Use.LIVER_ATTENUATION: "contrast was given"})


def one(found: tuple[Measurement, ...], key: str, level: str | None = None) -> Measurement:
    (told,) = (each for each in found if each.key == key and (level is None or each.level == level))
    return told


def tube(radius_mm: float, slope: float) -> tuple[Volume, Labels]:
    """A straight tube that leans by `slope` mm in x a mm in z, 1 mm voxels, with a ball of a head above its end."""
    z, y, x = np.ogrid[0:120, 0:80, 0:160]
    off = (x - 40 - slope * (z - 20)) / np.hypot(1, slope)
    inside = off**2 + (y - 40.0) ** 2 <= radius_mm**2
    hu = np.where(inside, 50, -80).astype(np.int16)
    labels = Labels(voxels=inside.astype(np.uint8), numbers={"aorta": (1,)}, method="drawn")
    return Volume(hu=hu, affine_lps=np.eye(4)), labels


@pytest.mark.parametrize("slope", [0.0, 0.5, 0.8])
def test_the_diameter_of_a_leaning_tube_is_that_of_its_square_cut(slope: float) -> None:
    volume, labels = tube(12.0, slope)
    at = aorta.diameter_at(labels.voxels == 1, volume, np.array([40 + slope * 40, 40.0, 60.0]))
    assert not isinstance(at, Absent)
    voxels_mm = 25.0  # what the tube's voxels cover: 24 mm and a voxel
    assert at.largest_mm == pytest.approx(voxels_mm, abs=1.0) and at.across_mm == pytest.approx(voxels_mm, abs=1.0)
    assert not at.cut_off


def test_an_aorta_that_is_hardly_in_the_scan_is_refused() -> None:
    volume, labels = tube(12.0, 0.0)
    short = replace(labels, voxels=np.where(np.arange(120)[:, None, None] < 15, labels.voxels, 0).astype(np.uint8))
    assert one(aorta.measure(volume, short, NATIVE), "aorta_diameter_mm").refused


def test_a_lumen_that_the_mask_leaves_out_is_added_from_the_image_and_told() -> None:
    volume, labels = tube(14.0, 0.0)
    z, y, _ = np.ogrid[0:120, 0:80, 0:160]
    left_out = (np.abs(z - 60) < 12) & (y > 42)
    holed = replace(labels, voxels=np.where(left_out, 0, labels.voxels).astype(np.uint8))
    enhanced = replace(volume, hu=np.where(labels.voxels > 0, 300, 40).astype(np.int16))
    line = centreline(holed.voxels == 1, enhanced)
    assert not isinstance(line, Absent)
    at = aorta.diameter_at(holed.voxels == 1, enhanced, np.array([40.0, 40.0, 60.0]))
    assert not isinstance(at, Absent) and at.largest_mm == pytest.approx(28.0, abs=2.0)


def test_liver_and_spleen_are_told_with_their_difference_without_contrast() -> None:
    volume, labels = scanned(healthy(liver=30.0))
    found = liver_spleen.measure(volume, labels, NATIVE)
    assert one(found, "liver_attenuation_hu").value == pytest.approx(30, abs=1)
    assert one(found, "spleen_attenuation_hu").value == pytest.approx(48, abs=1)
    assert one(found, "liver_spleen_difference_hu").value == pytest.approx(-18, abs=1.5)


def test_liver_attenuation_is_refused_with_contrast_but_its_volume_is_not() -> None:
    volume, labels = scanned(healthy())
    found = liver_spleen.measure(volume, labels, ENHANCED)
    assert {each.key for each in found if each.refused == "contrast was given"} == {
        "liver_attenuation_hu", "spleen_attenuation_hu", "liver_spleen_difference_hu"
    }  # fmt: skip
    drawn_ml = float((labels.voxels == labels.numbers["spleen"][0]).sum()) * MM**3 / 1000
    assert one(found, "spleen_volume_ml").value == pytest.approx(drawn_ml, abs=1)


def test_the_volume_of_an_organ_that_is_cut_off_is_refused() -> None:
    volume, labels = scanned(healthy())
    cut = np.argwhere(labels.voxels == labels.numbers["liver"][0])[:, 0].min() + 4
    below = replace(labels, voxels=labels.voxels[cut:])
    affine = volume.affine_lps.copy()
    affine[2, 3] += cut * MM
    found = liver_spleen.measure(Volume(hu=volume.hu[cut:], affine_lps=affine), below, NATIVE)
    assert "cut off" in (one(found, "liver_volume_ml").refused or "")


def test_a_pancreas_that_nobody_labelled_is_refused_by_name() -> None:
    volume, labels = scanned(healthy(), without=("pancreas",))
    assert {each.refused for each in pancreas.measure(volume, labels, NATIVE)} == {pancreas.NO_LABEL}


def test_a_dark_tube_in_the_pancreas_is_its_duct() -> None:
    chest = healthy()
    chest.put(chest.box((-12, 42), (-15, -10), (-118, -112)), 5.0)
    found = pancreas.measure(*scanned(chest), NATIVE)
    assert one(found, "pancreas_duct_mm").value == pytest.approx(6, abs=2.5)
    assert one(found, "pancreas_lesion_mm").refused


def test_a_compact_dark_part_of_the_pancreas_is_no_duct() -> None:
    chest = healthy()
    DRAWN["pancreatic_lesion_suspected"](chest)
    found = pancreas.measure(*scanned(chest), NATIVE)
    assert one(found, "pancreas_lesion_mm").value == pytest.approx(14, abs=2)
    assert one(found, "pancreas_duct_mm").refused


def test_the_heart_is_as_wide_as_drawn() -> None:
    found = heart.measure(*scanned(healthy(heart_half=60.0)), NATIVE)
    assert one(found, "heart_width_mm").value == pytest.approx(120, abs=MM * 2)
    ratio = one(found, "cardiothoracic_ratio").value
    assert ratio == pytest.approx(120 / 256, abs=0.03)


def test_a_heart_without_lungs_has_no_ratio() -> None:
    found = heart.measure(*scanned(healthy(), without=("lungs",)), NATIVE)
    assert one(found, "heart_width_mm").value and one(found, "cardiothoracic_ratio").refused


def test_spongy_bone_is_measured_inside_the_cortex() -> None:
    found = vertebra.measure(*scanned(healthy(marrow=120.0)), NATIVE)
    assert one(found, "vertebra_attenuation_hu", "L1").value == pytest.approx(120, abs=3)


def test_bone_without_levels_is_refused() -> None:
    volume, labels = scanned(healthy(), without=("vertebrae_L1", "vertebrae_T8"))
    refused = one(vertebra.measure(volume, labels, NATIVE), "vertebra_attenuation_hu").refused
    assert refused == "vertebrae L1 is not labelled"


def belly(has_muscles: bool) -> Drawn:
    """A slice stack of a trunk: skin, 20 mm of fat, a wall of muscle, fat inside with a ball of gut, L3."""
    trunk = healthy()
    trunk.organs[:] = 0
    trunk.numbers.clear()
    trunk.hu[:] = -1000.0
    trunk.put(trunk.ball(0, 0, 0, 150, 105, 1e4), -100.0)
    trunk.put(trunk.ball(0, 0, 0, 130, 85, 1e4), 50.0)
    trunk.put(trunk.ball(0, 0, 0, 115, 70, 1e4), -100.0)
    trunk.put(trunk.tube(0, 50, 20, -60, -20), 200.0, "vertebrae_L3")
    if has_muscles:
        for name, x, y in zip(body_composition.MUSCLES, (40, -40, 25, -25), (40, 40, 78, 78), strict=True):
            trunk.put(trunk.tube(x, y, 12), 50.0, name)
    return trunk


def test_fat_inside_and_outside_the_wall_is_told_apart_at_l3() -> None:
    found = body_composition.measure(*scanned(belly(True)), NATIVE)
    outside = np.pi * (150 * 105 - 130 * 85) / 100
    assert one(found, "subcutaneous_fat_area_cm2").value == pytest.approx(outside, rel=0.1)
    inside = np.pi * 115 * 70 / 100 - np.pi * (20**2 + 2 * 12**2) / 100
    assert one(found, "visceral_fat_area_cm2").value == pytest.approx(inside, rel=0.12)
    assert one(found, "muscle_area_cm2").value == pytest.approx(4 * np.pi * 12**2 / 100, rel=0.15)


def test_muscle_is_refused_where_it_is_not_labelled() -> None:
    found = body_composition.measure(*scanned(belly(False)), NATIVE)
    assert one(found, "muscle_area_cm2").refused and one(found, "visceral_fat_area_cm2").value


def test_muscle_that_we_drew_says_what_it_holds() -> None:
    trunk = belly(False)
    for x in (-40, 40):
        trunk.put(trunk.tube(x, 40, 12), 50.0, body_composition.OUR_MUSCLES)
    muscle = one(body_composition.measure(*scanned(trunk), NATIVE), "muscle_area_cm2")
    assert muscle.value == pytest.approx(2 * np.pi * 12**2 / 100, rel=0.15)
    assert muscle.caution and "quadratus lumborum" in muscle.caution
    assert muscle.sd and muscle.sd > 0.1 * muscle.value - 0.01


def test_a_kidney_is_measured_on_its_side_and_the_other_is_refused() -> None:
    scene = healthy()
    scene.put(scene.ball(-60, 40, -20, 25, 20, 45), 30.0, "kidney_right")
    volume, labels = scanned(scene, without=("kidney_left",))
    found = kidney.measure(volume, labels, NATIVE)
    size = one(found, "kidney_volume_ml", "right")
    assert size.value == pytest.approx(4 / 3 * np.pi * 25 * 20 * 45 / 1000, rel=0.05) and not size.caution
    assert one(found, "kidney_attenuation_hu", "right").value == pytest.approx(30, abs=3)
    assert one(found, "kidney_volume_ml", "left").refused == "kidney left is not labelled"

    doubted = replace(labels, doubts={"kidney_right": (0.2, "drawn roughly")})
    rough = one(kidney.measure(volume, doubted, NATIVE), "kidney_volume_ml", "right")
    assert rough.caution == "drawn roughly"
    assert rough.sd and size.sd and rough.value and rough.sd > 0.2 * rough.value - 0.01 > size.sd


def test_a_scan_without_l3_tells_no_composition() -> None:
    found = body_composition.measure(*scanned(healthy()), NATIVE)
    assert {each.refused for each in found} == {"vertebrae L3 is not labelled"}

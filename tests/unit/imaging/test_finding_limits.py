"""What must keep a finder silent: slices too thick for it, a chest that is cut, and what only looks like the thing."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings import FINDINGS
from imaging.gate import Fitness
from imaging.labels import Labels
from imaging.regions import Region
from imaging.study import Screening, Timing
from imaging.volume import Volume
from tests.drawn_chest import Drawn, healthy, scanned

BY_KEY = {finder.key: finder for finder in FINDINGS}
SMALL = (
    "calcification",
    "scattered_calc",
    "pleural_calcification",
    "pneumomediastinum",
    "cavitation",
    "cholelithiasis",
)
PARTS = (
    "groundglass", "consolidation", "opacity", "plate_like_atelectasis", "pleural_effusion", "pleural_thickening",
    "liver_mass", "renal_mass",
)  # fmt: skip
AROUND_THE_LUNGS = (*SMALL[:-1], "pleural_thickening")


def _screening(volume: Volume, *regions: Region) -> Screening:
    none = Timing(read=0, mask=0, features=0, score=0, match=0, in_memory=0)
    return Screening(
        series=volume.provenance, shape=volume.hu.shape, spacing_mm=volume.spacing_mm, timing_ms=none, blocks=1,
        flagged=len(regions), regions=regions,
    )  # fmt: skip


def _examined(volume: Volume, labels: Labels, *regions: Region) -> Examined:
    return Examined(
        volume=volume, screening=_screening(volume, *regions), labels=labels, fitness=Fitness(contrast="none"),
        measurements=(),
    )  # fmt: skip


@cache
def _with_slices_of(mm: float) -> Examined:
    volume, labels = scanned(healthy())
    affine = volume.affine_lps.copy()
    affine[2, 2] = mm
    return _examined(replace(volume, affine_lps=affine), labels)


@pytest.mark.parametrize(
    ("key", "slice_mm"), [*((key, 5.0) for key in SMALL), *((key, 8.0) for key in PARTS)], ids=lambda one: str(one)
)
def test_slices_too_thick_for_a_thing_are_refused_with_their_thickness(key: str, slice_mm: float) -> None:
    found = BY_KEY[key].find(_with_slices_of(slice_mm))
    assert isinstance(found, Absent) and f"slices of {slice_mm:g} mm" in found.reason


@cache
def _bases() -> Examined:
    """The lower third of a healthy chest, as a scan of the belly shows it."""
    volume, labels = scanned(healthy())
    cut = slice(0, 45)
    return _examined(replace(volume, hu=volume.hu[cut]), replace(labels, voxels=labels.voxels[cut]))


@pytest.mark.parametrize("key", AROUND_THE_LUNGS)
def test_a_scan_that_shows_the_bases_of_the_lungs_only_is_refused(key: str) -> None:
    found = BY_KEY[key].find(_bases())
    assert isinstance(found, Absent) and "the chest is not whole" in found.reason


def _told(key: str, chest: Drawn) -> int:
    found = BY_KEY[key].find(_examined(*scanned(chest)))
    assert not isinstance(found, Absent)
    return len(found)


@pytest.mark.parametrize("at", [(-70, 0, -40), (20, 20, 20)], ids=["a dome without a label", "beside the heart"])
def test_what_bulges_into_the_lung_from_outside_is_no_consolidation(at: tuple[float, float, float]) -> None:
    chest = healthy()
    half = (40, 50, 40) if at[0] < 0 else (20, 25, 25)
    bulge = chest.ball(*at, *half)
    if at[0] < 0:
        bulge |= (chest.z < at[2]) & chest.lungs() & (chest.x < 0)
    chest.unlabel(bulge & chest.lungs())
    chest.put(bulge, 40.0)
    assert _told("consolidation", chest) == 0


def test_a_bundle_of_vessels_is_no_groundglass() -> None:
    chest = healthy()
    block = chest.box((45, 105), (-30, 30), (10, 70)) & chest.lungs()
    _, y, x = np.indices(chest.hu.shape)
    chest.put(block, -860.0)
    chest.put(block & (x % 2 == 0) & (y % 2 == 0), 0.0)
    assert _told("groundglass", chest) == 0


def test_a_vein_through_the_liver_is_no_mass() -> None:
    chest = healthy()
    chest.put(chest.box((-115, -25), (-7, 7), (-119, -105)), 15.0)
    assert _told("liver_mass", chest) == 0


def test_fat_in_a_kidney_is_no_mass() -> None:
    chest = healthy()
    chest.put(chest.ball(55, 45, -112, 9), -80.0)
    assert _told("renal_mass", chest) == 0


def test_a_kidney_that_contrast_has_not_filled_evenly_is_refused() -> None:
    chest = healthy()
    kidney = chest.ball(55, 45, -112, 26, 26, 22)
    chest.put(kidney & (np.indices(chest.hu.shape).sum(axis=0) % 2 == 0), 180.0)
    found = BY_KEY["renal_mass"].find(_examined(*scanned(chest)))
    assert isinstance(found, Absent) and "uneven" in found.reason


def test_rims_of_ribs_are_no_calcium() -> None:
    chest = healthy()
    for z in (-30, 0, 30, 60):
        chest.put(chest.ball(-126, 20, z, 3), 500.0)
    assert _told("calcification", chest) == 0


@pytest.mark.parametrize(("radius", "score", "told"), [(9, 0.95, 1), (9, 0.7, 0), (2.5, 0.95, 0)])
def test_a_nodule_scores_high_and_is_wider_than_two_slices(radius: float, score: float, told: int) -> None:
    chest, at = healthy(), (-72.0, 5.0, 50.0)
    chest.put(chest.ball(*at, radius), 40.0)
    region = Region(rank=1, score=score, centre_lps_mm=at, box_lps_mm=((-80, -5, 40), (-64, 15, 60)), features={})
    found = BY_KEY["nodule"].find(_examined(*scanned(chest), region))
    assert not isinstance(found, Absent) and len(found) == told

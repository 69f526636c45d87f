"""The chain from a folder to regions, and the form it is printed in."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from imaging.phantom import Lesion, Phantom, draw_phantom
from imaging.regions import MOST_REGIONS
from imaging.study import screen, screen_path
from imaging.volume import Volume


def test_the_planted_nodule_is_the_first_region(small_folder: Path, small_phantom: Phantom) -> None:
    first = screen_path(small_folder).regions[0]
    (lesion,) = small_phantom.lesions
    assert first.rank == 1
    assert np.linalg.norm(np.subtract(first.centre_lps_mm, lesion.centre_lps_mm)) < 8
    low, high = first.box_lps_mm
    assert all(a < mm < b for a, mm, b in zip(low, lesion.centre_lps_mm, high, strict=True))


def test_every_planted_nodule_is_among_the_regions() -> None:
    """Planted, of 14 to 20 mm, solid: the easy case, which must not be missed."""
    lesions = (
        Lesion(centre_lps_mm=(-100.0, -20.0, -10.0), diameter_mm=20.0),
        Lesion(centre_lps_mm=(85.0, 35.0, 10.0), diameter_mm=14.0),
    )
    screening = screen(draw_phantom(Phantom(columns=192, pixel_mm=1.9, slices=72, slice_mm=3.5, lesions=lesions)))
    for lesion in lesions:
        away = [np.linalg.norm(np.subtract(one.centre_lps_mm, lesion.centre_lps_mm)) for one in screening.regions]
        assert min(away) < 8


def test_regions_are_ranked_and_few(small_folder: Path) -> None:
    regions = screen_path(small_folder).regions
    scores = [region.score for region in regions]
    assert scores == sorted(scores, reverse=True) and [r.rank for r in regions] == list(range(1, len(regions) + 1))
    assert len(regions) <= MOST_REGIONS


def test_the_json_form_is_the_agreed_one(small_folder: Path) -> None:
    told = json.loads(json.dumps(screen_path(small_folder).to_json()))
    assert list(told) == ["series", "timing_ms", "blocks", "flagged", "regions"]
    assert list(told["timing_ms"]) == ["read", "mask", "features", "score", "match", "in_memory"]
    region = told["regions"][0]
    assert list(region) == ["rank", "score", "centre_lps_mm", "box_lps_mm", "features", "matches", "known"]
    assert list(region["features"]) == ["brightness", "variation", "boundary", "similarity"]
    assert len(region["centre_lps_mm"]) == 3 and np.shape(region["box_lps_mm"]) == (2, 3)
    assert told["blocks"] > told["flagged"] > 0


def test_nothing_is_claimed_about_likeness_to_known_cases(small_folder: Path) -> None:
    told = screen_path(small_folder).to_json()
    assert all(region["known"] is None and region["matches"] == [] for region in told["regions"])  # type: ignore[attr-defined]


def test_the_json_does_not_tell_the_patient(small_folder: Path) -> None:
    told = json.dumps(screen_path(small_folder).to_json())
    assert "Nobody" not in told and "PHANTOM-7" not in told


def test_a_scan_without_lung_says_that_nothing_was_screened() -> None:
    solid = Volume(hu=np.full((8, 32, 32), 40, np.int16), affine_lps=np.diag([5.0, 5.0, 5.0, 1.0]))
    screening = screen(solid)
    assert (screening.blocks, screening.regions) == (0, ())
    assert "nothing was screened" in screening.to_json()["series"]["warnings"][0]  # type: ignore[index]


def test_screening_does_not_change_the_volume(small_phantom: Phantom) -> None:
    volume = draw_phantom(small_phantom)
    before = volume.hu.copy()
    screen(volume)
    assert np.array_equal(volume.hu, before)


def test_lungs_of_one_density_have_no_regions() -> None:
    y, x = np.mgrid[:128, :128] - 63.5
    plain = np.full((60, 128, 128), -1000, np.int16)
    plain[:, (x / 55) ** 2 + (y / 38) ** 2 < 1] = 40
    for side in (-26, 26):
        plain[:, ((x - side) / 18) ** 2 + (y / 26) ** 2 < 1] = -860
    screening = screen(Volume(hu=plain, affine_lps=np.diag([2.8, 2.8, 4.0, 1.0])))
    assert screening.blocks > 0 and screening.flagged == 0 and screening.regions == ()


@pytest.mark.parametrize("flip", [0, 1, 2])
def test_a_mirrored_chest_has_as_many_blocks(small_phantom: Phantom, flip: int) -> None:
    volume = draw_phantom(small_phantom)
    mirrored = replace(volume, hu=np.ascontiguousarray(np.flip(volume.hu, flip)))
    assert screen(mirrored).blocks == pytest.approx(screen(volume).blocks, rel=0.02)

"""Our own segmenter on a drawn trunk: what is there is found, what is not is named as absent."""

import numpy as np
import pytest

from imaging.absent import Absent
from imaging.labels import Labels
from imaging.segment.own import OWN
from imaging.volume import Volume
from tests.unit.imaging.segment_drawing import Mask, dice, drawn_trunk

FLOORS = {  # a little below what was measured on both drawings
    "lung_right": 0.98,
    "lung_left": 0.98,
    "airways": 0.95,
    "vertebrae": 0.88,
    "liver": 0.95,
    "spleen": 0.92,
    "aorta": 0.82,
    "heart": 0.82,
}


@pytest.fixture(scope="module", params=(False, True), ids=("native", "contrast"))
def drawn(request: pytest.FixtureRequest) -> tuple[Labels, dict[str, Mask]]:
    volume, organs = drawn_trunk(contrast=request.param)
    return OWN.segment(volume), organs


@pytest.mark.parametrize("organ", FLOORS)
def test_a_drawn_organ_is_found_with_and_without_contrast(drawn: tuple[Labels, dict[str, Mask]], organ: str) -> None:
    labels, organs = drawn
    found = labels.mask(organ)
    assert not isinstance(found, Absent), found.reason
    assert dice(found, organs[organ]) > FLOORS[organ]


def test_levels_of_a_spine_without_a_canal_are_refused(drawn: tuple[Labels, dict[str, Mask]]) -> None:
    missing = drawn[0].mask("vertebrae_L3")
    assert isinstance(missing, Absent) and "not counted" in missing.reason


def test_a_trunk_without_liver_has_none_and_says_why() -> None:
    volume, organs = drawn_trunk(liver=False)
    labels = OWN.segment(volume)
    missing = labels.mask("liver")
    assert isinstance(missing, Absent) and "right" in missing.reason
    lung = labels.mask("lung_right")
    assert not isinstance(lung, Absent) and dice(lung, organs["lung_right"]) > 0.9


def test_what_ends_below_the_lungs_has_no_lungs_heart_or_airways() -> None:
    volume, organs = drawn_trunk()
    below = slice(0, 14)  # the lowest 56 mm
    assert not organs["lung_right"][below].any()
    labels = OWN.segment(Volume(hu=volume.hu[below].copy(), affine_lps=volume.affine_lps))
    for organ in ("lungs", "lung_left", "heart", "airways"):
        assert isinstance(labels.mask(organ), Absent), organ


def test_air_and_a_bottle_hold_no_organ() -> None:
    hu = np.full((30, 60, 60), -1000, np.int16)
    air = OWN.segment(Volume(hu=hu, affine_lps=np.diag([3.0, 3.0, 3.0, 1.0])))
    y, x = np.ogrid[:60, :60]
    hu[:, (y - 30) ** 2 + (x - 30) ** 2 < 18**2] = 0
    bottle = OWN.segment(Volume(hu=hu, affine_lps=np.diag([3.0, 3.0, 3.0, 1.0])))
    for labels in (air, bottle):
        for organ in OWN.organs:
            if organ != "body":
                assert isinstance(labels.mask(organ), Absent), organ


def test_the_same_scan_gives_the_same_labels() -> None:
    volume, _ = drawn_trunk()
    assert np.array_equal(OWN.segment(volume).voxels, OWN.segment(volume).voxels)

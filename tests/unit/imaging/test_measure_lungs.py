"""Lung volume, LAA-950 and Perc15 on lungs drawn by hand."""

from dataclasses import replace

import numpy as np
import pytest

from imaging.gate import Fitness, judge
from imaging.measure.base import Measurement
from imaging.measure.lungs import MEASURE
from tests.unit.imaging.drawn import PLAIN, labels_of, volume_of


def drawn(organs: tuple[str, ...] = ("lungs",), kernel: str = "B30f") -> dict[str, Measurement]:
    """A lung of 20 x 50 x 100 voxels of 2 mm3: 200 ml; a tenth at -980 HU, the rest at -860; an airway in it."""
    hu = np.full((30, 60, 120), 40, np.int16)
    lung, airway = np.zeros(hu.shape, bool), np.zeros(hu.shape, bool)
    lung[5:25, 5:55, 10:110] = True
    hu[lung] = -860
    hu[5:25, 5:10, 10:110] = -980
    airway[5:25, 50:55, 10:110] = True
    hu[airway] = -1000
    masks = {"lungs": lung, "lung_upper_lobe_left": lung, "airways": airway}
    volume = volume_of(hu, (1.0, 1.0, 2.0), replace(PLAIN, slice_thickness_mm=2.0, kernel=kernel))
    labels = labels_of(hu.shape, {name: masks[name] for name in organs})
    return {one.key: one for one in MEASURE.measure(volume, labels, judge(volume, labels))}


def test_volume_and_thin_share_are_those_drawn_without_the_airway() -> None:
    found = drawn(("lungs", "airways"))
    assert found["lung_volume_ml"].value == pytest.approx(180)
    assert found["laa950_percent"].value == pytest.approx(100 / 9)
    assert found["perc15_hu"].value == pytest.approx(-860)


def test_lobes_stand_for_the_lungs() -> None:
    assert drawn(("lung_upper_lobe_left",))["lung_volume_ml"].value == pytest.approx(200)


def test_every_number_has_an_sd_and_names_the_breath() -> None:
    for one in drawn().values():
        assert one.sd and one.caution and "breath" in one.caution


def test_a_sharp_kernel_refuses_density_but_not_volume() -> None:
    found = drawn(kernel="B80f")
    assert found["lung_volume_ml"].value and "sharp" in (found["laa950_percent"].refused or "")


def test_without_labelled_lungs_everything_is_refused() -> None:
    hu = np.zeros((4, 4, 4), np.int16)
    found = MEASURE.measure(volume_of(hu, (1, 1, 1)), labels_of(hu.shape, {}), Fitness(contrast="none"))
    assert [one.key for one in found] == list(MEASURE.keys)
    assert all(one.refused and "not labelled" in one.refused for one in found)

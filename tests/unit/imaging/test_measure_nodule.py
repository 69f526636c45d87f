"""Sizes, density and type of nodules that were drawn."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from imaging.absent import Absent
from imaging.gate import Fitness, Use
from imaging.measure.nodule import LABELS, MEASURE, Nodule, compared_at, measured, nodule_at, stated_sd, volume_sd
from imaging.volume import Volume
from tests.unit.imaging.drawn import labels_of, volume_of

MM = 0.8
MIDDLE = (24.0, 24.0, 24.0)
FIT = Fitness(contrast="none")


def ellipsoid(half_mm: tuple[float, float, float]) -> NDArray[np.bool_]:
    """True within an ellipsoid with half axes x, y, z around the middle of 61 voxels a side."""
    at = np.arange(61) * MM - MIDDLE[0]
    x, y, z = half_mm
    return (at[:, None, None] / z) ** 2 + (at[None, :, None] / y) ** 2 + (at[None, None, :] / x) ** 2 <= 1


def lung_with(*parts: tuple[NDArray[np.bool_], float]) -> Volume:
    hu = np.full((61, 61, 61), -850.0)
    for mask, value in parts:
        hu[mask] = value
    soft = ndimage.gaussian_filter(hu, 0.5)
    soft += 15 * np.random.default_rng(3).standard_normal(hu.shape)
    return volume_of(np.rint(soft).astype(np.int16), (MM, MM, MM))


def found_in(volume: Volume) -> Nodule:
    found = nodule_at(volume, MIDDLE)
    assert isinstance(found, Nodule)
    return found


@pytest.mark.parametrize("diameter", [6.0, 10.0, 16.0])
def test_a_sphere_is_measured_within_its_stated_error(diameter: float) -> None:
    one = found_in(lung_with((ellipsoid((diameter / 2,) * 3), 30)))
    assert abs(one.volume_mm3 - np.pi / 6 * diameter**3) < 2 * one.volume_sd
    assert one.diameter_mm == pytest.approx(diameter, abs=MM)
    assert one.centre_lps_mm == pytest.approx(MIDDLE, abs=MM / 2)


def test_long_and_short_axis_are_those_of_the_plane_and_the_diameter_is_their_mean() -> None:
    one = found_in(lung_with((ellipsoid((8.0, 5.0, 5.0)), 30)))
    assert one.long_mm == pytest.approx(16, abs=MM) and one.short_mm == pytest.approx(10, abs=MM)
    assert one.diameter_mm == (one.long_mm + one.short_mm) / 2


def test_a_nodule_that_is_longest_from_head_to_feet_is_measured_in_that_plane() -> None:
    one = found_in(lung_with((ellipsoid((5.0, 5.0, 8.0)), 30)))
    assert one.plane in ("coronal", "sagittal") and one.long_mm == pytest.approx(16, abs=1.2)


@pytest.mark.parametrize(("value", "kind"), [(30, "solid"), (-600, "ground_glass")])
def test_the_type_follows_the_density(value: float, kind: str) -> None:
    one = found_in(lung_with((ellipsoid((7.0, 7.0, 7.0)), value)))
    assert one.kind == kind and one.attenuation_hu == pytest.approx(value, abs=40)


def test_a_dense_core_in_ground_glass_is_part_solid() -> None:
    one = found_in(lung_with((ellipsoid((10.0, 10.0, 10.0)), -580), (ellipsoid((4.0, 4.0, 4.0)), 20)))
    assert one.kind == "part_solid" and 0 < one.solid_share < 0.5


def test_a_halo_below_the_half_way_cut_belongs_to_the_nodule_but_growth_is_compared_without_it() -> None:
    volume = lung_with((ellipsoid((7.0, 7.0, 7.0)), -520), (ellipsoid((5.0, 5.0, 5.0)), 30))
    same = compared_at(volume, MIDDLE)
    assert isinstance(same, Nodule)
    whole = found_in(volume).volume_mm3
    assert whole == pytest.approx(np.pi / 6 * 14**3, rel=0.2)
    assert same.volume_mm3 < 0.6 * whole


def test_what_we_drew_carries_the_readers_disagreement_too_and_more_of_it_near_a_wall() -> None:
    free = found_in(lung_with((ellipsoid((5.0, 5.0, 5.0)), 30)))
    walled, given = replace(free, is_walled=True), replace(free, is_walled=None)
    assert free.is_walled is False
    assert stated_sd(given)[0] == free.volume_sd / free.volume_mm3
    for narrow, wide in ((given, free), (free, walled)):
        assert all(a < b for a, b in zip(stated_sd(narrow), stated_sd(wide), strict=True))
    told = measured(lung_with(), free, FIT, None)[0]
    assert told.sd == pytest.approx(stated_sd(free)[0] * free.volume_mm3)


def test_lung_without_a_nodule_is_absent() -> None:
    assert isinstance(nodule_at(lung_with(), MIDDLE), Absent)


def test_the_error_grows_with_the_voxels_and_shrinks_with_the_nodule() -> None:
    share = {(d, mm): volume_sd(d**3, (0.7, 0.7, mm)) / d**3 for d in (5, 20) for mm in (1.0, 5.0)}
    assert share[20, 1.0] < share[5, 1.0] < share[5, 5.0] and share[20, 1.0] < share[20, 5.0] < share[5, 5.0]
    assert share[20, 1.0] >= 0.097  # two scans of one person differ, however thin the slices


def test_labelled_nodules_are_measured_largest_first() -> None:
    small, large = np.zeros((61, 61, 61), bool), np.zeros((61, 61, 61), bool)
    small[5:9, 5:9, 5:9], large[30:40, 30:40, 30:40] = True, True
    volume = lung_with((small, 30), (large, 30))
    told = MEASURE.measure(volume, labels_of(small.shape, {LABELS[0]: small | large}), FIT)
    volumes = [one for one in told if one.key == "nodule_volume_mm3"]
    assert [one.level for one in volumes] == ["nodule 1", "nodule 2"]
    assert [one.value for one in volumes] == pytest.approx([1000 * MM**3, 64 * MM**3])
    assert all(one.sd for one in volumes)


def test_a_nodule_smaller_than_two_slices_carries_a_caution() -> None:
    small = np.zeros((61, 61, 61), bool)
    small[30:32, 30:32, 30:32] = True
    volume = Volume(hu=lung_with((small, 30)).hu, affine_lps=np.diag([MM, MM, 3.0, 1.0]))
    told = MEASURE.measure(volume, labels_of(small.shape, {LABELS[-1]: small}), FIT)
    assert "two slices" in (told[0].caution or "")


def test_a_series_that_is_unfit_refuses_with_its_reason_and_no_label_with_another() -> None:
    unfit = Fitness(contrast="none", unfit={Use.NODULE_VOLUME: "slices of 8 mm"})
    told = measured(lung_with(), Absent(reason="nothing"), unfit, None)
    assert [one.key for one in told] == list(MEASURE.keys)
    assert all(one.refused == "slices of 8 mm" for one in told)
    told = MEASURE.measure(lung_with(), labels_of((61, 61, 61), {}), FIT)
    assert all(one.refused and "name a place" in one.refused for one in told)

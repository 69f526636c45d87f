"""Lungs, with what sticks to their walls; and the quick closing against a slow one."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from imaging.blocks_air import air_words, closed_words, packed, parts, unpacked
from imaging.lung_mask import LungMask, lungs
from imaging.morphology import closed
from imaging.phantom import Lesion, Phantom, draw_phantom
from imaging.volume import Volume


def found(volume: Volume) -> LungMask:
    mask = lungs(volume)
    assert mask is not None
    return mask


def is_inside(mask: LungMask, volume: Volume, place: tuple[float, float, float]) -> bool:
    x, y, z = np.rint(volume.to_voxel(np.array(place))).astype(int) // np.array(mask.step)
    return bool(mask.mask[z, y, x])


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.1, 2.1, 2.5), (1.9, 2.3, 8.0)])
def test_closing_equals_one_by_distances(spacing: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(2)
    mask = ndimage.gaussian_filter(rng.random((20, 41, 70)), 2) > 0.505
    margins = [int(np.ceil(6 / mm)) + 1 for mm in spacing[::-1]]
    padded = np.pad(mask, [(one, one) for one in margins])
    grown = ndimage.distance_transform_edt(~padded, sampling=spacing[::-1]) <= 6
    shrunk = ndimage.distance_transform_edt(grown, sampling=spacing[::-1]) > 6
    expected = shrunk[tuple(slice(one, -one) for one in margins)] | mask
    assert np.array_equal(closed(mask, 6.0, spacing), expected)
    fast = closed_words(packed(mask), mask.shape[2], 6.0, spacing)
    assert np.array_equal(unpacked(fast, mask.shape[2]), expected)


def test_parts_equal_those_of_scipy() -> None:
    rng = np.random.default_rng(7)
    mask = rng.random((12, 30, 31)) < 0.4
    hu = rng.integers(-1000, 0, mask.shape).astype(np.int16)
    labels, told = parts(mask, hu)
    expected, many = ndimage.label(mask)
    assert np.array_equal(labels, expected) and len(told) == many + 1
    assert np.array_equal(told[:, 0], np.bincount(labels.ravel()))
    assert np.array_equal(told[:, 1], np.bincount(labels.ravel(), weights=hu.ravel()))
    sides = np.concatenate([labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]], axis=None)
    assert set(np.flatnonzero(told[:, 2])) == set(np.unique(sides))


@pytest.mark.parametrize("step", [(1, 1, 1), (3, 2, 2)])
def test_air_is_kept_where_it_is_wanted_and_no_padding(step: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(8)
    hu = rng.integers(-1000, 0, (9, 22, 301)).astype(np.int16)
    padding = rng.random(hu.shape) < 0.2
    x, y, z = step
    grid = (hu < -500)[::z, ::y, ::x]
    coarse = rng.random(tuple(-(-n // 2) for n in grid.shape)) < 0.5
    wanted = coarse.repeat(2, axis=0).repeat(2, axis=1).repeat(2, axis=2)[tuple(slice(0, n) for n in grid.shape)]
    width = grid.shape[2]
    every = unpacked(air_words(hu, None, step, -500, coarse, (2, 2, 2)), width)
    assert np.array_equal(every, grid & wanted)
    some = unpacked(air_words(hu, padding, step, -500, coarse, (2, 2, 2)), width)
    assert np.array_equal(some, grid & wanted & ~padding[::z, ::y, ::x])


def test_both_lungs_are_found_and_their_density_told(small_phantom: Phantom) -> None:
    volume = draw_phantom(small_phantom)
    mask = found(volume)
    assert is_inside(mask, volume, (-84, 0, 20)) and is_inside(mask, volume, (84, 0, 20))
    assert not is_inside(mask, volume, (0, 68, 0)) and not is_inside(mask, volume, (0, -110, 0))
    assert mask.lung_hu == pytest.approx(-860, abs=5)


def test_a_nodule_at_the_pleura_is_inside_the_mask(small_phantom: Phantom) -> None:
    at_wall = Lesion(centre_lps_mm=(-124.0, 2.0, 10.0), diameter_mm=14.0)  # the lung ends at x = -130
    volume = draw_phantom(replace(small_phantom, lesions=(at_wall,)))
    assert is_inside(found(volume), volume, at_wall.centre_lps_mm)


def test_a_mass_too_wide_for_the_closing_is_inside_where_lung_surrounds_it(small_phantom: Phantom) -> None:
    mass = Lesion(centre_lps_mm=(-80.0, 5.0, 20.0), diameter_mm=44.0)
    volume = draw_phantom(replace(small_phantom, lesions=(mass,)))
    assert is_inside(found(volume), volume, mass.centre_lps_mm)


def test_padding_is_not_taken_for_lung(small_phantom: Phantom) -> None:
    volume = draw_phantom(small_phantom)
    hu, padding = volume.hu.copy(), np.zeros(volume.hu.shape, bool)
    padding[:, :, :12] = padding[:, :, -12:] = True
    hu[padding] = -1024
    masked = Volume(hu=hu, affine_lps=volume.affine_lps, padding=padding)
    assert not np.any(found(masked).mask[:, :, :10])


def test_a_body_without_aerated_lung_has_no_mask() -> None:
    hu = np.full((20, 64, 64), -1000, np.int16)
    hu[:, 8:56, 8:56] = 40
    hu[5:15, 25:40, 25:40] = -1000  # gas in the bowel
    assert lungs(Volume(hu=hu, affine_lps=np.diag([5.0, 5.0, 5.0, 1.0]))) is None

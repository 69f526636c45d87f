"""Lungs, with what sticks to their walls; and the quick closing against a slow one."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

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

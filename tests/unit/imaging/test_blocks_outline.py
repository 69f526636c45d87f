"""The kernels behind outline and description, held against SciPy and their plain twins on drawn boxes."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from imaging.bank.tally import Tally
from imaging.blocks_describe import section, steepness, surface, tallied
from imaging.blocks_describe_numpy import section_numpy, steepness_numpy, surface_numpy, tallied_numpy
from imaging.blocks_outline import box_of, calmed, deepest, depths, joined

SPACING = (1.25, 0.7, 0.8)
SHELLS = ((0.0, 2.0), (2.0, 4.0), (4.0, 6.0))


@pytest.fixture(scope="module")
def blobs() -> NDArray[np.bool_]:
    """Smooth noise: blobs, holes and bits at the border."""
    return ndimage.gaussian_filter(np.random.default_rng(0).standard_normal((14, 27, 31)), 1.5) > 0.05


@pytest.fixture(scope="module")
def hu() -> NDArray[np.int16]:
    return np.random.default_rng(1).integers(-1100, 1700, (14, 27, 31)).astype(np.int16)


def test_depths_are_the_distances_to_the_nearest_voxel_outside(blobs: NDArray[np.bool_]) -> None:
    exact = ndimage.distance_transform_edt(blobs, sampling=SPACING)
    assert depths(blobs, SPACING) == pytest.approx(exact, abs=1e-5)
    assert depths(blobs, SPACING, 1.5) == pytest.approx(np.minimum(exact, 1.5), abs=1e-5)


def test_with_nothing_outside_every_depth_is_the_most() -> None:
    assert (depths(np.ones((3, 4, 5), bool), SPACING, 7.0) == 7.0).all()


def test_calmed_is_the_gaussian_mirrored_at_the_border(hu: NDArray[np.int16]) -> None:
    smooth = ndimage.gaussian_filter(hu.astype(np.float32), [0.9 / mm for mm in SPACING])
    assert calmed(hu, 0.9, SPACING) == pytest.approx(smooth, abs=0.01)
    assert calmed(hu[:1, :2, :2], 3.0, SPACING).shape == (1, 2, 2)


def test_joined_is_the_component_of_the_seed(blobs: NDArray[np.bool_]) -> None:
    numbers, count = ndimage.label(blobs)
    for number in range(1, count + 1):
        seed = tuple(int(n) for n in np.argwhere(numbers == number)[0])
        assert np.array_equal(joined(blobs, seed), numbers == number)
    outside = tuple(int(n) for n in np.argwhere(~blobs)[0])
    assert not joined(blobs, outside).any()


def test_the_deepest_is_the_nearest_of_equals_within_reach(blobs: NDArray[np.bool_]) -> None:
    depth, at = depths(blobs, SPACING), np.array([6.2, 13.1, 15.4])
    grid = np.indices(blobs.shape).transpose(1, 2, 3, 0)
    away = np.linalg.norm((grid - at) * SPACING, axis=-1)
    worth = np.where(away <= 4.0, depth - away * 1e-3, -1)
    assert deepest(depth, at, SPACING, 4.0) == np.unravel_index(int(worth.argmax()), worth.shape)


def test_a_box_holds_all_and_no_more() -> None:
    mask = np.zeros((6, 7, 8), bool)
    mask[2, 3, 5] = mask[4, 1, 5] = True
    assert box_of(mask) == (slice(2, 5), slice(1, 4), slice(5, 6))
    assert mask[box_of(mask)].sum() == 2
    assert box_of(np.zeros((2, 2, 2), bool)) == (slice(0, 0),) * 3


def test_layers_surface_section_and_edge_are_those_of_plain_numpy(
    blobs: NDArray[np.bool_], hu: NDArray[np.int16]
) -> None:
    inner, outer = depths(blobs, SPACING), depths(~blobs, SPACING)
    assert np.array_equal(tallied(hu, inner, outer, SHELLS, -700), tallied_numpy(hu, inner, outer, SHELLS, -700))
    for fast, plain in zip(surface(blobs, SPACING), surface_numpy(blobs, SPACING), strict=True):
        assert fast == pytest.approx(plain, rel=1e-9)
    for fast, plain in zip(section(blobs[4], SPACING[1:]), section_numpy(blobs[4], SPACING[1:]), strict=True):
        assert fast == pytest.approx(plain, rel=1e-9)
    calm = calmed(hu, 0.6, SPACING)
    edge, core = steepness(calm, inner, outer, SPACING, 1.2)
    plain_edge, plain_core = steepness_numpy(calm, inner, outer, SPACING, 1.2)
    assert np.sort(edge) == pytest.approx(np.sort(plain_edge), rel=1e-4)
    assert core == pytest.approx(plain_core, rel=1e-4)


def test_a_tally_tells_what_the_voxels_tell(hu: NDArray[np.int16]) -> None:
    values = np.clip(hu[:2].ravel(), -1024, 1500).astype(float)
    told = Tally(np.bincount(values.astype(int) + 1024, minlength=2525))
    assert (told.mean, told.sd) == pytest.approx((values.mean(), values.std()))
    assert told.percentiles((2, 50, 90)) == pytest.approx(np.percentile(values, (2, 50, 90)).tolist())
    assert told.share_above(-300) == pytest.approx((values > -300).mean())
    assert told.share_between(-750, -300) == pytest.approx(((values > -750) & (values < -300)).mean())
    scaled = (values - values.mean()) / (values.std() + 1)
    assert (told.moment(3), told.moment(4)) == pytest.approx(((scaled**3).mean(), (scaled**4).mean()))

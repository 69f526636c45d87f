"""What rays see of drawn bodies, and the fast kernels against their plain NumPy twins."""

import numpy as np
import pytest
from scipy import ndimage

from imaging.blocks_rays import centred, scene, seen
from imaging.blocks_rays_numpy import centred_numpy, scene_numpy, seen_numpy
from imaging.blocks_shape import NUMBERS, distinct, shapes
from imaging.blocks_shape_numpy import distinct_numpy, shapes_numpy
from imaging.candidates import Candidates
from imaging.lump import FEW_RADII_MM, RADII_MM, RAYS, SOME_RAYS, Lumps, lumps
from imaging.lung_mask import LungMask
from imaging.volume import Volume

LUNG_HU = -850.0


def lung_of(shape: tuple[int, ...]) -> LungMask:
    return LungMask(mask=np.ones(shape, bool), step=(1, 1, 1), lung_hu=LUNG_HU, aerated_ml=1.0)


def candidate_at(*voxel: float) -> Candidates:
    centre = np.array([voxel], float)
    return Candidates(
        centre=centre,
        size=np.array([1]),
        score=np.array([0.9], np.float32),
        features=np.zeros((1, 4), np.float32),
        low=(centre - 4).astype(int),
        high=(centre + 4).astype(int),
    )


def looked_at(body: np.ndarray, *voxel: float, mask: np.ndarray | None = None) -> Lumps:
    hu = np.where(body, 30, -850).astype(np.int16)
    lung = LungMask(mask=np.ones_like(body) if mask is None else mask, step=(1, 1, 1), lung_hu=LUNG_HU, aerated_ml=1.0)
    return lumps(Volume(hu=hu, affine_lps=np.eye(4)), lung, candidate_at(*voxel))


def grid() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    z, y, x = np.mgrid[:60, :60, :60]
    return z - 30, y - 30, x - 30


def test_the_middle_and_the_radius_of_a_ball_are_found_from_beside_it() -> None:
    z, y, x = grid()
    found = looked_at(x**2 + y**2 + z**2 < 6**2, 33, 28, 31)
    assert np.linalg.norm(found.centre[0] - 30) < 1.0
    assert found.radius_mm[0] == pytest.approx(6, abs=0.7)
    assert found.half_mm[0] == pytest.approx(6, abs=1.2)


def test_few_rays_leave_a_ball_and_some_run_along_a_rod() -> None:
    z, y, x = grid()
    ball, rod = looked_at(x**2 + y**2 + z**2 < 16, 30, 30, 30), looked_at(x**2 + y**2 < 16, 30, 30, 30)
    longest = 6  # the last of the quantiles of the lengths: the longest ray, as log(1 + mm)
    assert np.expm1(ball.shape[0, longest]) < 6 and np.expm1(rod.shape[0, longest]) > 15


def test_candidates_that_move_to_one_thing_are_one_place() -> None:
    z, y, x = grid()
    two = candidate_at(30.0, 30.0, 30.0)
    both = Candidates(**{name: np.concatenate([value, value]) for name, value in vars(two).items()})
    both.centre[1] += 1
    volume = Volume(hu=np.where(x**2 + y**2 + z**2 < 16, 30, -850).astype(np.int16), affine_lps=np.eye(4))
    assert lumps(volume, lung_of(volume.hu.shape), both).of.tolist() == [0]


def test_a_nodule_at_the_wall_is_a_lump_because_rays_end_where_the_lung_ends() -> None:
    z, y, x = grid()
    wall = x > 4
    body = wall | (x**2 + y**2 + z**2 < 6**2)
    within, beyond = looked_at(body, 30, 30, 30, mask=~wall), looked_at(body, 30, 30, 30)
    assert np.linalg.norm(within.centre[0] - 30) < 2.5 and within.radius_mm[0] < 7
    assert beyond.centre[0, 0] > within.centre[0, 0] + 2  # without a mask the wall draws the middle into itself


@pytest.fixture
def tissue() -> tuple[np.ndarray, LungMask, np.ndarray]:
    """Blobs of all densities, a mask with holes, and places in and out of it."""
    rng = np.random.default_rng(3)
    hu = np.clip(ndimage.gaussian_filter(rng.normal(size=(40, 60, 70)), 2) * 6000 - 700, -2000, 2000).astype(np.int16)
    mask = ndimage.gaussian_filter(rng.random((20, 20, 35)), 1) > 0.46
    lung = LungMask(mask=mask, step=(2, 3, 2), lung_hu=LUNG_HU, aerated_ml=1.0)
    return hu, lung, rng.uniform(-3, 72, (40, 3))


def test_rays_and_shapes_equal_their_numpy_twins(tissue: tuple[np.ndarray, LungMask, np.ndarray]) -> None:
    hu, lung, places = tissue
    spacing, sides = (0.7, 0.8, 1.5), np.full(places.shape, 8.0)
    fast, plain = scene(hu, spacing, lung), scene_numpy(hu, spacing, lung)
    assert np.array_equal(fast.coarse, plain.coarse)
    middle, around = centred(fast, places, sides, SOME_RAYS, FEW_RADII_MM)
    expected = centred_numpy(plain, places, sides, SOME_RAYS, FEW_RADII_MM)
    np.testing.assert_allclose(middle, expected[0], atol=1e-5)
    np.testing.assert_allclose(around, expected[1], atol=1e-6)
    told = seen(fast, middle, around, RAYS, RADII_MM)
    for one, other in zip(told, seen_numpy(plain, middle, around, RAYS, RADII_MM), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    numbers = shapes(*told, around, RAYS, RADII_MM)
    assert numbers.shape == (len(places), NUMBERS)
    np.testing.assert_allclose(numbers, shapes_numpy(*told, around, RAYS, RADII_MM), atol=1e-6)


def test_places_apart_equal_their_numpy_twin() -> None:
    rng = np.random.default_rng(6)
    places, score = rng.uniform(0, 20, (300, 3)), rng.integers(0, 9, 300).astype(np.float32)
    assert distinct(places, score, 3.0).tolist() == distinct_numpy(places, score, 3.0).tolist()

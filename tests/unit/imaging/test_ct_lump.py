"""What rays see of drawn bodies, and the fast sampling against its plain NumPy twin."""

import numpy as np
import pytest

from imaging.blocks_rays import sampled
from imaging.blocks_rays_numpy import sampled_numpy
from imaging.candidates import Candidates
from imaging.lump import Lumps, lumps
from imaging.volume import Volume

LUNG_HU = -850.0


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


def seen(body: np.ndarray, *voxel: float) -> Lumps:
    hu = np.where(body, 30, -850).astype(np.int16)
    return lumps(Volume(hu=hu, affine_lps=np.eye(4)), candidate_at(*voxel), LUNG_HU)


def grid() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    z, y, x = np.mgrid[:60, :60, :60]
    return z - 30, y - 30, x - 30


def test_the_middle_and_the_radius_of_a_ball_are_found_from_beside_it() -> None:
    z, y, x = grid()
    found = seen(x**2 + y**2 + z**2 < 6**2, 33, 28, 31)
    assert np.linalg.norm(found.centre[0] - 30) < 1.0
    assert found.radius_mm[0] == pytest.approx(6, abs=0.7)
    assert found.half_mm[0] == pytest.approx(6, abs=1.2)


def test_few_rays_leave_a_ball_and_some_run_along_a_rod() -> None:
    z, y, x = grid()
    ball, rod = seen(x**2 + y**2 + z**2 < 16, 30, 30, 30), seen(x**2 + y**2 < 16, 30, 30, 30)
    longest = 6  # the last of the quantiles of the lengths: the longest ray, as log(1 + mm)
    assert np.expm1(ball.shape[0, longest]) < 6 and np.expm1(rod.shape[0, longest]) > 15


def test_candidates_that_move_to_one_thing_are_one_place() -> None:
    z, y, x = grid()
    two = candidate_at(30.0, 30.0, 30.0)
    both = Candidates(**{name: np.concatenate([value, value]) for name, value in vars(two).items()})
    both.centre[1] += 1
    volume = Volume(hu=np.where(x**2 + y**2 + z**2 < 16, 30, -850).astype(np.int16), affine_lps=np.eye(4))
    assert lumps(volume, both, LUNG_HU).of.tolist() == [0]


def test_sampling_equals_its_numpy_twin_and_stops_at_the_border() -> None:
    rng = np.random.default_rng(3)
    hu = rng.integers(-2000, 3000, (7, 11, 13)).astype(np.int16)
    centres, offsets = rng.uniform(-3, 15, (20, 3)), rng.uniform(-4, 4, (5, 6, 3))
    fast = sampled(hu, centres, offsets, -1000, 130)
    np.testing.assert_allclose(fast, sampled_numpy(hu, centres, offsets, -1000, 130), atol=0.05)
    assert fast.min() >= -1000 and fast.max() <= 130

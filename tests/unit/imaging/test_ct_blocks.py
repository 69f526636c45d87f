"""The four features: by hand on simple bodies, and the fast kernels against their plain NumPy twins."""

from dataclasses import fields

import numpy as np
import pytest

from imaging.blocks import NAMES, Blocks, blocks_of, cell_box, cells_of
from imaging.blocks_numpy import blocks_of_numpy, cells_of_numpy

LUNG_HU = -850.0


def features(hu: np.ndarray, size_mm: float = 8.0, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Blocks:
    step = (2, 2, 2)
    mask = np.ones(tuple(-(-n // 2) for n in hu.shape), bool)
    return blocks_of(cells_of(hu, spacing, mask, step), size_mm, LUNG_HU)


def test_a_uniform_body_is_flat_smooth_and_like_its_surroundings() -> None:
    blocks = features(np.full((32, 32, 32), 40, np.int16))
    assert np.all(blocks.brightness == 40) and np.all(blocks.variation == 0) and np.all(blocks.boundary == 0)
    assert blocks.similarity[3, 3, 3] == 1.0
    assert blocks.side == (2, 2, 2) and blocks.brightness.shape == (7, 7, 7)


def test_variation_of_two_halves_is_half_their_difference() -> None:
    hu = np.full((32, 32, 32), -860, np.int16)
    hu[:, :, 16:] = 40
    blocks = features(hu)
    across = blocks.brightness[3, 3, 3], blocks.variation[3, 3, 3]  # this block spans x from 12 to 20
    assert across == pytest.approx((-410, 450))


def test_boundary_is_surface_per_volume() -> None:
    hu = np.full((32, 32, 32), -860, np.int16)
    hu[:, :, 16:] = 40
    assert features(hu).boundary[3, 3, 3] == pytest.approx(1 / 8)  # one 8 x 8 mm face in a block of 8 mm
    spacing = (0.5, 0.5, 2.0)
    thin = features(np.repeat(hu, 1, axis=0), spacing=spacing)
    assert thin.boundary.max() == pytest.approx(1 / 8)


def test_a_lone_lump_is_unlike_and_a_rod_is_alike_along_one_line() -> None:
    lump = np.full((40, 40, 40), -850, np.int16)
    lump[16:24, 16:24, 16:24] = 40
    rod = np.full((40, 40, 40), -850, np.int16)
    rod[:, 16:24, 16:24] = 40
    floor = 25 / 890  # least tissue over the lump's
    assert features(lump).similarity[4, 4, 4] == pytest.approx(floor, abs=1e-4)
    assert features(rod).similarity[4, 4, 4] == pytest.approx((1 + 12 * floor) / 13, abs=1e-4)


def test_bright_metal_does_not_rule_the_mean() -> None:
    hu = np.full((16, 16, 16), 40, np.int16)
    hu[8, 8, 8] = 30_000
    assert features(hu).brightness.max() < 50


def test_what_is_not_masked_has_no_features() -> None:
    hu = np.full((32, 32, 32), 40, np.int16)
    mask = np.zeros((16, 16, 16), bool)
    mask[0, 0, 0] = mask[15, 15, 15] = True
    blocks = blocks_of(cells_of(hu, (1, 1, 1), mask, (2, 2, 2)), 8, LUNG_HU)
    assert np.isfinite(blocks.brightness[0, 0, 0]) and np.isnan(blocks.brightness[3, 3, 3])
    assert blocks.filled[0, 0, 0] == pytest.approx(8 / 512) and blocks.filled[3, 3, 3] == 0


def test_an_empty_mask_gives_one_empty_cell() -> None:
    assert cell_box(np.zeros((4, 4, 4), bool), (1, 1, 1), (4, 4, 4)) == ((0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize(
    ("shape", "spacing", "step", "size_mm"),
    [
        ((20, 40, 44), (0.7, 0.7, 2.5), (3, 3, 1), 8.0),
        ((9, 31, 53), (0.9, 0.9, 5.0), (2, 2, 1), 16.0),
        ((25, 25, 25), (1.0, 1.0, 1.0), (2, 2, 2), 8.0),
        ((7, 13, 11), (4.0, 4.0, 8.0), (1, 1, 1), 32.0),
        ((3, 5, 2), (1.0, 1.0, 1.0), (2, 2, 2), 8.0),
    ],
)
def test_kernels_equal_their_numpy_twins(
    shape: tuple[int, int, int], spacing: tuple[float, float, float], step: tuple[int, int, int], size_mm: float
) -> None:
    rng = np.random.default_rng(5)
    hu = rng.integers(-2000, 3000, shape).astype(np.int16)
    mask = rng.random(tuple(-(-n // s) for n, s in zip(shape, step[::-1], strict=True))) < 0.6
    fast, plain = cells_of(hu, spacing, mask, step), cells_of_numpy(hu, spacing, mask, step)
    assert np.array_equal(fast.sums, plain.sums) and fast.first == plain.first
    one, other = blocks_of(fast, size_mm, LUNG_HU), blocks_of_numpy(plain, size_mm, LUNG_HU)
    assert one.side == other.side and one.stride == other.stride and np.array_equal(one.filled, other.filled)
    for name in NAMES:
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-5, atol=1e-6)
    assert {field.name for field in fields(Blocks)} == {"side", "stride", "filled", *NAMES}

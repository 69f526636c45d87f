"""The outline of a nodule: drawn nodules of known size, with vessels and walls hanging on them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from imaging.absent import Absent
from imaging.outline import Outline, outline
from imaging.volume import Volume

SPACING = (0.7, 0.7, 1.0)
SHAPE = (60, 90, 90)
CENTRE = (31.5, 31.5, 30.0)  # LPS mm of the middle


def grid() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    z, y, x = np.indices(SHAPE)
    return x * SPACING[0] - CENTRE[0], y * SPACING[1] - CENTRE[1], z * SPACING[2] - CENTRE[2]


def blurred(hu: NDArray[np.float64], noise_hu: float = 15.0) -> Volume:
    hu = ndimage.gaussian_filter(hu, (0.5, 0.9, 0.9))
    hu = hu + noise_hu * np.random.default_rng(4).standard_normal(SHAPE)
    return Volume(hu=np.rint(hu).astype(np.int16), affine_lps=np.diag([*SPACING, 1.0]))


def sphere(diameter_mm: float, hu: float) -> NDArray[np.float64]:
    x, y, z = grid()
    return np.where(x**2 + y**2 + z**2 <= (diameter_mm / 2) ** 2, hu, -850.0)


def volume_mm3(drawn: Outline | Absent) -> float:
    assert isinstance(drawn, Outline), drawn
    return float(drawn.mask.sum() * np.prod(SPACING))


@pytest.mark.parametrize("diameter_mm", [6.0, 10.0, 20.0])
def test_a_solid_sphere_is_drawn_at_its_true_size(diameter_mm: float) -> None:
    drawn = outline(blurred(sphere(diameter_mm, 40.0)), CENTRE)
    assert volume_mm3(drawn) == pytest.approx(np.pi / 6 * diameter_mm**3, rel=0.15)
    assert isinstance(drawn, Outline)
    assert drawn.kind == "solid"
    assert not drawn.touches_edge


def test_a_ground_glass_sphere_is_called_ground_glass() -> None:
    drawn = outline(blurred(sphere(14.0, -550.0)), CENTRE)
    assert volume_mm3(drawn) == pytest.approx(np.pi / 6 * 14.0**3, rel=0.2)
    assert isinstance(drawn, Outline)
    assert drawn.kind == "ground_glass"
    assert not drawn.core.any()


def test_a_dense_core_in_ground_glass_is_part_solid_and_the_core_is_told_apart() -> None:
    drawn = outline(blurred(np.maximum(sphere(18.0, -550.0), sphere(8.0, 20.0))), CENTRE)
    assert isinstance(drawn, Outline)
    assert drawn.kind == "part_solid"
    assert volume_mm3(drawn) == pytest.approx(np.pi / 6 * 18.0**3, rel=0.25)
    assert drawn.core.sum() * np.prod(SPACING) == pytest.approx(np.pi / 6 * 8.0**3, rel=0.35)


def test_a_vessel_that_runs_into_a_nodule_is_taken_off() -> None:
    x, y, z = grid()
    vessel = np.where((y**2 + z**2 <= 1.2**2) & (x > 0), 40.0, -850.0)
    drawn = outline(blurred(np.maximum(sphere(10.0, 40.0), vessel)), CENTRE)
    assert volume_mm3(drawn) == pytest.approx(np.pi / 6 * 10.0**3, rel=0.2)


def test_a_nodule_on_the_pleura_is_parted_from_the_wall() -> None:
    x, _, _ = grid()
    wall = np.where(x > 4.5, 40.0, -850.0)
    drawn = outline(blurred(np.maximum(sphere(10.0, 40.0), wall)), CENTRE)
    assert 0.6 < volume_mm3(drawn) / (np.pi / 6 * 10.0**3) < 1.6
    assert isinstance(drawn, Outline) and drawn.is_walled


def test_a_nodule_of_two_lumps_is_drawn_whole() -> None:
    x, y, z = grid()
    other = np.where((x - 5) ** 2 + y**2 + z**2 <= 4.0**2, 40.0, -850.0)
    drawn = outline(blurred(np.maximum(sphere(10.0, 40.0), other)), CENTRE)
    assert isinstance(drawn, Outline) and not drawn.is_walled
    assert volume_mm3(drawn) == pytest.approx(698.0, rel=0.15)  # both spheres less what they share


def test_empty_lung_gives_no_outline_but_the_reason() -> None:
    drawn = outline(blurred(np.full(SHAPE, -850.0)), CENTRE)
    assert isinstance(drawn, Absent)
    assert "aerated" in drawn.reason


def test_a_place_outside_the_volume_gives_no_outline_but_the_reason() -> None:
    assert isinstance(outline(blurred(sphere(8.0, 40.0)), (500.0, 0.0, 0.0)), Absent)


def test_the_same_volume_gives_the_same_outline() -> None:
    volume = blurred(sphere(9.0, 30.0))
    first, again = outline(volume, CENTRE), outline(volume, CENTRE)
    assert isinstance(first, Outline) and isinstance(again, Outline)
    assert np.array_equal(first.mask, again.mask)
    assert first.offset_zyx == again.offset_zyx

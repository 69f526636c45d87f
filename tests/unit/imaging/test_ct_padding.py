"""What the scanner did not reconstruct is masked; what is inside the body never is."""

import numpy as np
import pytest

from imaging.padding import PaddingFinder
from imaging.pixels import declared_padding


@pytest.fixture
def slice_hu() -> np.ndarray:
    """A 64 x 64 slice: -2048 outside a circle, room air, a body, and a hole in it."""
    y, x = np.mgrid[:64, :64] - 31.5
    hu = np.full((64, 64), -2048, np.int16)
    hu[x**2 + y**2 < 31**2] = -1000
    hu[x**2 + y**2 < 20**2] = 40
    return hu


def test_a_constant_outside_the_circle_is_padding(slice_hu: np.ndarray) -> None:
    found = PaddingFinder().find(slice_hu, None)
    assert found is not None and np.array_equal(found, slice_hu == -2048)


def test_the_declared_value_is_padding_where_it_touches_the_border(slice_hu: np.ndarray) -> None:
    slice_hu[slice_hu == -2048] = -3024
    found = PaddingFinder().find(slice_hu, (-3024, -3024))
    assert found is not None and np.array_equal(found, slice_hu == -3024)


@pytest.mark.parametrize("declared", [None, (-2048, -2048)])
def test_the_same_value_inside_the_body_is_not_masked(slice_hu: np.ndarray, declared: tuple[int, int] | None) -> None:
    slice_hu[30:34, 30:34] = -2048
    found = PaddingFinder().find(slice_hu, declared)
    assert found is not None and not found[20:44, 20:44].any() and found[0, 0]


def test_air_at_the_border_that_equals_the_padding_value_is_kept_unless_joined_to_a_corner() -> None:
    hu = np.full((32, 32), 40, np.int16)
    hu[12:20, 0:6] = -1024  # a lung cut by the edge of the field
    assert PaddingFinder().find(hu, (-1024, -1024)) is None


def test_plain_air_is_no_padding() -> None:
    assert PaddingFinder().find(np.full((8, 8), -1000, np.int16), None) is None


def test_a_slice_with_another_outline_is_looked_at_anew(slice_hu: np.ndarray) -> None:
    finder = PaddingFinder()
    finder.find(slice_hu, None)
    other = np.full((64, 64), 40, np.int16)
    assert finder.find(other, None) is None
    assert finder.find(slice_hu, None) is not None


def test_a_padding_value_written_unsigned_beside_signed_pixels_is_understood() -> None:
    header = {"PixelPaddingValue": 63536, "PixelRepresentation": 1, "RescaleSlope": 1, "RescaleIntercept": -1024}
    assert declared_padding(header) == (-3024, -3024)


def test_a_padding_range_is_understood_in_either_order() -> None:
    header = {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1500, "PixelRepresentation": 1}
    header |= {"RescaleSlope": 1, "RescaleIntercept": 0}
    assert declared_padding(header) == (-2000, -1500)
    assert declared_padding({"RescaleIntercept": 0}) is None

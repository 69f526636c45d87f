"""The standard volume: shapes, places and directions."""

import numpy as np
import pytest

from imaging.errors import NotAVolume
from imaging.volume import Volume, oriented


def affine(x: list[float], y: list[float], z: list[float], origin: list[float]) -> np.ndarray:
    return np.vstack([np.array([x, y, z, origin]).T, [0, 0, 0, 1]]).astype(float)


def test_a_volume_is_int16() -> None:
    with pytest.raises(NotAVolume, match="float32"):
        Volume(hu=np.zeros((2, 2, 2), np.float32), affine_lps=np.eye(4))  # type: ignore[arg-type]


def test_padding_must_fit_the_volume() -> None:
    with pytest.raises(NotAVolume, match="padding"):
        Volume(hu=np.zeros((2, 2, 2), np.int16), affine_lps=np.eye(4), padding=np.zeros((2, 2, 3), bool))


def test_spacing_is_the_length_of_the_affine_columns() -> None:
    turned = affine([0.0, 0.7, 0.0], [-0.7, 0.0, 0.0], [0.0, 0.0, 2.5], [1.0, 2.0, 3.0])
    volume = Volume(hu=np.zeros((2, 2, 2), np.int16), affine_lps=turned)
    assert volume.spacing_mm == pytest.approx((0.7, 0.7, 2.5))


def test_lps_and_voxel_are_inverse() -> None:
    volume = Volume(
        hu=np.zeros((2, 2, 2), np.int16), affine_lps=affine([0.7, 0, 0], [0, 0.7, 0], [0, 0.1, 2], [-9, 8, 7])
    )
    points = np.array([[1.0, 2.0, 3.0], [0.5, 0.0, -4.0]])
    assert volume.to_voxel(volume.to_lps(points)) == pytest.approx(points)


@pytest.mark.parametrize(
    "there",
    [
        affine([-1, 0, 0], [0, -2, 0], [0, 0, 3], [10, 20, 30]),  # prone, head first
        affine([1, 0, 0], [0, 2, 0], [0, 0, -3], [10, 20, 30]),  # feet first, downwards
        affine([0, 1, 0], [0, 0, -2], [3, 0, 0], [10, 20, 30]),  # sagittal slices
    ],
)
def test_turning_the_axes_leaves_every_voxel_where_it_was(there: np.ndarray) -> None:
    hu = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    turned, affine_lps, padding = oriented(hu, there, hu > 20)
    assert np.all(np.diag(affine_lps[:3, :3]) > 0)
    before, after = Volume(hu=hu, affine_lps=there), Volume(hu=turned, affine_lps=affine_lps)
    for z, y, x in np.ndindex(*turned.shape):
        place = after.to_lps(np.array([x, y, z], float))
        i, j, k = np.rint(before.to_voxel(place)).astype(int)
        assert turned[z, y, x] == hu[k, j, i]
        assert padding is not None and padding[z, y, x] == (hu[k, j, i] > 20)

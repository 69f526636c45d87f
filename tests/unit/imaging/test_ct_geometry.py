"""Where slices lie: even, uneven, missing, tilted."""

import numpy as np
import pytest

from imaging import geometry
from imaging.errors import BadHeader, IncompleteSeries, MixedSeries, NotAVolume, TiltedGantry
from imaging.regrid import regular
from imaging.volume import Volume

AXIAL = np.array([1.0, 0, 0, 0, 1, 0])


def at(*z_mm: float) -> np.ndarray:
    return np.array([[-100.0, -120.0, z] for z in z_mm])


def tilted(radians: float) -> np.ndarray:
    return np.array([1, 0, 0, 0, np.cos(radians), -np.sin(radians)])


def test_affine_follows_the_tags() -> None:
    stack = geometry.stack(at(5, 7.5, 10), AXIAL, (0.8, 0.7))
    assert stack.sample_at is None
    expected = [[0.7, 0, 0, -100], [0, 0.8, 0, -120], [0, 0, 2.5, 5], [0, 0, 0, 1]]
    assert stack.affine_lps == pytest.approx(np.array(expected))


def test_rounded_positions_count_as_even() -> None:
    assert geometry.stack(at(0, 1.249, 2.501, 3.75), AXIAL, (1, 1)).sample_at is None


def test_a_changed_slice_distance_is_interpolated_with_a_warning() -> None:
    stack = geometry.stack(at(0, 2, 4, 6, 9, 12), AXIAL, (1, 1))
    assert stack.sample_at is not None and len(stack.warnings) == 1
    ramp = np.array([0, 20, 40, 60, 90, 120], np.int16)[:, None, None]
    assert regular(ramp, None, stack)[0].ravel().tolist() == [0, 20, 40, 60, 80, 100, 120]
    assert stack.affine_lps[2, 2] == pytest.approx(2)


def test_a_missing_slice_is_refused() -> None:
    with pytest.raises(IncompleteSeries, match="1 slice"):
        geometry.stack(at(0, 5, 10, 20, 25), AXIAL, (1, 1))


def test_a_wide_gap_is_refused() -> None:
    with pytest.raises(IncompleteSeries, match="gap"):
        geometry.stack(at(0, 2, 4, 6, 15.1), AXIAL, (1, 1))


def test_tilt_is_told_by_the_positions() -> None:
    stack = geometry.stack(at(0, 5, 10), tilted(0.25), (1, 1))
    assert "14.3 degrees" in stack.warnings[0]
    columns = stack.affine_lps[:3, :3]
    assert columns.T @ columns == pytest.approx(np.diag([1, 1, (5 * np.cos(0.25)) ** 2]))
    assert stack.grow_px == (0, 3)  # 10 mm x sin(0.25) = 2.5 mm


def test_more_tilt_than_a_gantry_can_is_refused() -> None:
    with pytest.raises(TiltedGantry, match=r"40\.1 degrees"):
        geometry.stack(at(0, 5, 10), tilted(0.7), (1, 1))


def test_a_straight_stack_is_not_touched() -> None:
    hu = np.zeros((3, 2, 2), np.int16)
    same, padding = regular(hu, None, geometry.stack(at(0, 5, 10), AXIAL, (1, 1)))
    assert same is hu and padding is None


@pytest.mark.parametrize("z_mm", [(0, 4, 8, 12, 16, 20), (0, 4, 8, 11, 15, 20)])
@pytest.mark.parametrize("radians", [0.2, -0.3])
def test_a_tilted_ramp_is_where_it_was(z_mm: tuple[float, ...], radians: float) -> None:
    """HU that rise evenly through space are told exactly by linear interpolation, wherever a voxel lies."""
    orientation, slope = tilted(radians), np.array([3.0, -2.0, 5.0])
    rows, columns = np.mgrid[:24, :20]
    slices = []
    for origin in at(*z_mm):
        x, y, z = (origin[i] + columns * 0.8 * orientation[i] + rows * 0.9 * orientation[3 + i] for i in range(3))
        slices.append(slope[0] * x + slope[1] * y + slope[2] * z)
    stack = geometry.stack(at(*z_mm), orientation, (0.9, 0.8))
    hu, padding = regular(np.rint(slices).astype(np.int16), None, stack)
    assert padding is not None and 0.6 < 1 - padding.mean() < 1
    volume = Volume(hu=hu, affine_lps=stack.affine_lps)
    k, j, i = np.nonzero(~padding)
    expected = volume.to_lps(np.stack([i, j, k], axis=1).astype(float)) @ slope
    assert np.abs(hu[~padding] - expected).max() <= 1.01  # the slices themselves were rounded
    assert (hu[padding] == -1024).all()


def test_a_voxel_made_of_any_padding_is_padding() -> None:
    masked = np.zeros((4, 5, 5), bool)
    masked[1, 2, 2] = True
    stack = geometry.stack(at(0, 3, 5, 7), AXIAL, (1, 1))
    _, padding = regular(np.zeros(masked.shape, np.int16), masked, stack)
    assert padding is not None and padding[:, 2, 2].tolist() == [False, True, True, False]


def test_a_stack_that_wanders_sideways_is_no_volume() -> None:
    positions = at(0, 2, 4, 6)
    positions[2, 0] += 30
    with pytest.raises(NotAVolume, match="sideways"):
        geometry.stack(positions, AXIAL, (1, 1))


def test_slices_that_are_not_parallel_are_refused() -> None:
    with pytest.raises(MixedSeries, match="parallel"):
        geometry.distances(at(0, 1), np.array([AXIAL, [1, 0, 0, 0, 0, -1]]))


def test_an_impossible_orientation_is_refused() -> None:
    with pytest.raises(BadHeader, match="orientation"):
        geometry.normal(np.array([1.0, 0, 0, 1, 0, 0]))


def test_one_slice_is_no_volume() -> None:
    with pytest.raises(NotAVolume, match="single"):
        geometry.stack(at(0), AXIAL, (1, 1))


def test_slices_at_one_place_are_found() -> None:
    assert geometry.same_place(np.array([0.0, 2.0, 2.001, 4.0])) == [2]

"""Where slices lie: even, uneven, missing, tilted."""

import numpy as np
import pytest

from imaging import geometry
from imaging.errors import BadHeader, IncompleteSeries, MixedSeries, NotAVolume, TiltedGantry

AXIAL = np.array([1.0, 0, 0, 0, 1, 0])


def at(*z_mm: float) -> np.ndarray:
    return np.array([[-100.0, -120.0, z] for z in z_mm])


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
    assert geometry.resampled(ramp, stack.sample_at).ravel().tolist() == [0, 20, 40, 60, 80, 100, 120]
    assert stack.affine_lps[2, 2] == pytest.approx(2)


def test_a_missing_slice_is_refused() -> None:
    with pytest.raises(IncompleteSeries, match="1 slice"):
        geometry.stack(at(0, 5, 10, 20, 25), AXIAL, (1, 1))


def test_a_wide_gap_is_refused() -> None:
    with pytest.raises(IncompleteSeries, match="gap"):
        geometry.stack(at(0, 2, 4, 6, 15.1), AXIAL, (1, 1))


def test_tilt_is_refused_whatever_the_tag_says() -> None:
    tilted = np.array([1, 0, 0, 0, np.cos(0.25), -np.sin(0.25)])
    with pytest.raises(TiltedGantry, match=r"14\.3 degrees"):
        geometry.stack(at(0, 5, 10), tilted, (1, 1))


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

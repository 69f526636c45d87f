"""The phantom: the same every time, its lesions where it says."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from imaging.phantom import Lesion, Phantom, draw_phantom, write_phantom


def test_the_same_phantom_is_the_same_files(tmp_path: Path, small_phantom: Phantom) -> None:
    thin = replace(small_phantom, slices=3)
    one, other = write_phantom(tmp_path / "a", thin), write_phantom(tmp_path / "b", thin)
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
    assert [path.name for path in one] == ["0001.dcm", "0002.dcm", "0003.dcm"]


def test_a_lesion_lies_where_it_was_planted() -> None:
    lesion = Lesion(centre_lps_mm=(-84.0, 36.0, 12.0), diameter_mm=18.0)
    plain = Phantom(lesions=(), noise_hu=0.0, columns=160, pixel_mm=2.2, slices=60, slice_mm=3.0)
    with_it, without = draw_phantom(replace(plain, lesions=(lesion,))), draw_phantom(plain)
    change = with_it.hu.astype(int) - without.hu
    z, y, x = np.nonzero(change > 300)
    centre = with_it.to_lps(np.stack([x, y, z], axis=1).astype(float)).mean(axis=0)
    assert centre == pytest.approx(lesion.centre_lps_mm, abs=1.5)
    volume_mm3 = len(x) * float(np.prod(with_it.spacing_mm))
    assert volume_mm3 == pytest.approx(np.pi / 6 * 18**3, rel=0.25)


def test_another_seed_is_another_chest_and_another_study(small_phantom: Phantom) -> None:
    thin = replace(small_phantom, slices=8)
    other = replace(thin, seed=2)
    assert not np.array_equal(draw_phantom(thin).hu, draw_phantom(other).hu)
    assert thin.series_uid != other.series_uid
    assert thin.study_uid != replace(thin, study_at=datetime(2027, 1, 1)).study_uid
    assert len(thin.series_uid) <= 64


def test_a_phantom_of_another_size_keeps_its_millimetres() -> None:
    volume = draw_phantom(Phantom(columns=64, pixel_mm=5.6, slices=20, slice_mm=12.0))
    assert volume.hu.shape == (20, 64, 64) and volume.spacing_mm == (5.6, 5.6, 12.0)
    assert volume.to_lps(np.array([31.5, 31.5, 9.5])) == pytest.approx([0, 0, 0])

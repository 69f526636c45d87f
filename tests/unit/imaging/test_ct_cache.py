"""The volume cache gives the same volume back, bit for bit, or says that it is damaged."""

import json
import os
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import nibabel
import numpy as np
import pytest

from imaging import cache
from imaging.errors import DamagedCache, NoImages
from imaging.phantom import draw_phantom
from imaging.volume import Provenance, Volume
from tests.unit.imaging.conftest import TINY

SAID = Provenance(
    patient_id="PHANTOM-8",
    patient_name="方^影",
    patient_birth_date=date(1961, 2, 3),
    study_at=datetime(2026, 1, 15, 9, 30, 0, 1),
    kvp=120.00000000000001,
    sop_uids=("2.25.1", "2.25.2"),
    warnings=("one", "two"),
    files=6,
)


@pytest.fixture(scope="module")
def volume() -> Volume:
    """A drawn chest with padding, an affine of many digits and a provenance of every type."""
    drawn = draw_phantom(TINY)
    y, x = np.mgrid[:32, :32] - 15.5
    padding = np.broadcast_to(x**2 + y**2 > 250, drawn.hu.shape).copy()
    hu = drawn.hu.copy()
    hu[padding] = -1024
    affine = drawn.affine_lps @ np.diag([1 / 3, 1 / 7, 1.1, 1])
    return Volume(hu=hu, affine_lps=affine, padding=padding, provenance=SAID)


@pytest.mark.parametrize("has_padding", [True, False])
def test_the_same_volume_comes_back(tmp_path: Path, volume: Volume, has_padding: bool) -> None:
    kept = volume if has_padding else replace(volume, padding=None)
    cache.write(kept, tmp_path / "kept")
    again = cache.read(tmp_path / "kept")
    assert again.hu.dtype == np.int16 and again.hu.tobytes() == kept.hu.tobytes() and again.hu.flags["C_CONTIGUOUS"]
    assert again.affine_lps.tobytes() == kept.affine_lps.tobytes()
    assert again.provenance == kept.provenance
    if kept.padding is None:
        assert again.padding is None
    else:
        assert again.padding is not None and again.padding.dtype == bool
        assert np.array_equal(again.padding, kept.padding)


def test_any_viewer_can_open_what_is_kept(tmp_path: Path, volume: Volume) -> None:
    cache.write(volume, tmp_path / "kept")
    image = nibabel.load(tmp_path / "kept" / "volume.nii.gz")
    assert np.array_equal(np.asarray(image.dataobj), volume.hu.transpose(2, 1, 0))
    assert np.diag([-1, -1, 1, 1]) @ image.affine == pytest.approx(volume.affine_lps, abs=1e-3)


def test_writing_again_replaces_what_was_kept(tmp_path: Path, volume: Volume) -> None:
    cache.write(volume, tmp_path / "kept")
    cache.write(replace(volume, padding=None), tmp_path / "kept")
    assert cache.read(tmp_path / "kept").padding is None
    assert sorted(os.listdir(tmp_path)) == ["kept"]
    assert sorted(os.listdir(tmp_path / "kept")) == ["volume.json", "volume.nii.gz"]


def test_a_write_that_fails_leaves_what_was_kept(tmp_path: Path, volume: Volume) -> None:
    cache.write(volume, tmp_path / "kept")
    spoilt = replace(volume, provenance=replace(SAID, kernel=object()))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        cache.write(spoilt, tmp_path / "kept")
    assert cache.read(tmp_path / "kept").provenance == SAID
    assert os.listdir(tmp_path) == ["kept"]


@pytest.mark.parametrize("name", ["volume.nii.gz", "padding.gz", "volume.json"])
@pytest.mark.parametrize("how", ["cut", "flipped", "gone"])
def test_damage_is_said_and_never_read(tmp_path: Path, volume: Volume, name: str, how: str) -> None:
    cache.write(volume, tmp_path / "kept")
    path = tmp_path / "kept" / name
    data = bytearray(path.read_bytes())
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    with pytest.raises((DamagedCache, NoImages)) as caught:
        cache.read(tmp_path / "kept")
    assert isinstance(caught.value, NoImages) == (name == "volume.json" and how == "gone")


def test_another_version_is_decoded_anew(tmp_path: Path, volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "VERSION", 0)
    cache.write(volume, tmp_path / "kept")
    monkeypatch.undo()
    with pytest.raises(DamagedCache, match="version 0"):
        cache.read(tmp_path / "kept")


def test_the_kept_sums_are_of_what_is_there(tmp_path: Path, volume: Volume) -> None:
    cache.write(volume, tmp_path / "kept")
    about = json.loads((tmp_path / "kept" / "volume.json").read_text())["about"]
    assert sorted(about["sha256"]) == ["padding.gz", "volume.nii.gz"]

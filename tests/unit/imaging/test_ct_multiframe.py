"""Enhanced CT: one file of many frames gives the volume that its single slices give."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom.legacy import LegacyConvertedEnhancedCTImage
from pydicom.uid import RLELossless

from imaging.archive import Limits
from imaging.dicom import find_series
from imaging.errors import (
    BadHeader,
    ImagingError,
    IncompleteSeries,
    MixedSeries,
    NotAVolume,
    TooLarge,
    UndecodablePixels,
)
from imaging.series import read_volume
from imaging.volume import Volume
from tests.unit.imaging.enhanced_files import enhanced, item, save

Change = Callable[[pydicom.Dataset], object]


def read(path: Path, limits: Limits = Limits()) -> Volume:  # noqa: B008 - frozen
    return read_volume(find_series(path)[0], limits)


@pytest.fixture
def slices(tiny_folder: Path) -> list[Path]:
    """The files of the drawn series, one of them with a rescale of its own."""
    paths = sorted(tiny_folder.glob("*.dcm"))
    odd = pydicom.dcmread(paths[2])
    odd.PixelData = (odd.pixel_array * 2).astype("<i2").tobytes()
    odd.RescaleSlope = 0.5
    odd.save_as(paths[2])
    return paths


def assert_same(volume: Volume, other: Volume) -> None:
    assert np.array_equal(volume.hu, other.hu)
    assert volume.affine_lps == pytest.approx(other.affine_lps)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (3, 0, 5, 1, 4, 2)])
def test_frames_in_any_order_give_the_volume_of_the_slices(
    tmp_path: Path, slices: list[Path], order: tuple[int, ...]
) -> None:
    volume = read(save(enhanced([slices[i] for i in order]), tmp_path / "one" / "e.dcm"))
    assert_same(volume, read(slices[0].parent))
    said = volume.provenance
    assert (said.files, said.sop_uids, said.kernel, said.kvp) == (1, ("2.25.77",), "STANDARD", 120)
    assert said.slice_thickness_mm == 5 and said.warnings == ()


def test_packed_frames_are_read(tmp_path: Path, slices: list[Path]) -> None:
    made = enhanced(slices)
    made.compress(RLELossless)
    assert_same(read(save(made, tmp_path / "one" / "e.dcm")), read(slices[0].parent))


def test_a_legacy_converted_series_is_read(tmp_path: Path, tiny_folder: Path) -> None:
    paths = sorted(tiny_folder.glob("*.dcm"))
    legacy = [pydicom.dcmread(path) for path in paths]
    for one in legacy:
        one.PatientPosition = "HFS"
    made = LegacyConvertedEnhancedCTImage(legacy, "2.25.5", 2, "2.25.6", 1)
    assert_same(read(save(made, tmp_path / "one" / "l.dcm")), read(tiny_folder))


def test_a_frame_that_is_a_localiser_is_left_out(tmp_path: Path, slices: list[Path]) -> None:
    made = enhanced(slices)
    first = made.PerFrameFunctionalGroupsSequence[0]
    first.CTImageFrameTypeSequence = [item(FrameType=["ORIGINAL", "PRIMARY", "LOCALIZER", "NONE"])]
    volume = read(save(made, tmp_path / "one" / "e.dcm"))
    assert volume.hu.shape[0] == 5 and "1 localiser" in volume.provenance.warnings[0]


def test_a_series_split_into_a_concatenation_is_joined(tmp_path: Path, slices: list[Path]) -> None:
    folder = tmp_path / "parts"
    for number, part in enumerate((slices[:2], slices[2:5], slices[5:]), start=1):
        made = enhanced(part, uid=f"2.25.8{number}")
        made.ConcatenationUID, made.InConcatenationNumber, made.InConcatenationTotalNumber = "2.25.9", number, 3
        save(made, folder / f"{number}.dcm")
    assert_same(read(folder), read(slices[0].parent))
    (folder / "3.dcm").unlink()
    with pytest.raises(IncompleteSeries, match="2 of the 3 files"):
        read(folder)


def _damage_pixels(made: pydicom.Dataset) -> None:
    made.PixelData = made.PixelData[: len(made.PixelData) // 2]


def _repeat_place(made: pydicom.Dataset) -> None:
    groups = made.PerFrameFunctionalGroupsSequence
    groups[1].PlanePositionSequence = groups[0].PlanePositionSequence


def _forget(keyword: str) -> Change:
    return lambda made: [delattr(each, keyword) for each in made.PerFrameFunctionalGroupsSequence]


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        (lambda made: delattr(made, "PerFrameFunctionalGroupsSequence"), NotAVolume, "multi-frame"),
        (lambda made: made.PerFrameFunctionalGroupsSequence.pop(), BadHeader, "6 frames, but describes 5"),
        (_forget("PlanePositionSequence"), BadHeader, "ImagePositionPatient"),
        (_forget("PixelValueTransformationSequence"), BadHeader, "intercept"),
        (_repeat_place, NotAVolume, "one place"),
        (_damage_pixels, UndecodablePixels, "cut short"),
        (lambda made: delattr(made, "PixelData"), UndecodablePixels, "no pixel data"),
        (lambda made: made.update({"Rows": 4096, "Columns": 4096}), TooLarge, "4096"),
        (
            lambda made: setattr(
                made.PerFrameFunctionalGroupsSequence[3],
                "PlaneOrientationSequence",
                [item(ImageOrientationPatient=[0, 1, 0, 0, 0, -1])],
            ),
            MixedSeries,
            "parallel",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, slices: list[Path], how: Change, error: type[ImagingError], words: str
) -> None:
    made = enhanced(slices)
    how(made)
    with pytest.raises(error, match=words):
        read(save(made, tmp_path / "one" / "e.dcm"), Limits(voxels=1 << 20))


def test_frames_are_counted_before_they_are_decoded(tmp_path: Path, slices: list[Path]) -> None:
    path = save(enhanced(slices), tmp_path / "one" / "e.dcm")
    with pytest.raises(TooLarge, match="6 images"):
        read(path, Limits(voxels=6 * 32 * 32 - 1))

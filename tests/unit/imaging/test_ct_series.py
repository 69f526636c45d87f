"""DICOM series, whole and broken, to a volume or to a reason that a person understands."""

import random
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit

from imaging.archive import Limits
from imaging.dicom import find_series
from imaging.errors import (
    BadHeader,
    ImagingError,
    IncompleteSeries,
    LossyPixels,
    MixedSeries,
    NoImages,
    NotAVolume,
    TooLarge,
    UndecodablePixels,
    refusal,
)
from imaging.phantom import Phantom, draw_phantom, write_phantom
from imaging.series import read_volume
from imaging.study import read_path
from imaging.volume import Volume
from tests.unit.imaging.conftest import TINY

Change = Callable[[pydicom.Dataset], None]


def read(folder: Path) -> Volume:
    return read_volume(find_series(folder)[0])


def change(path: Path, how: Change) -> None:
    dataset = pydicom.dcmread(path)
    how(dataset)
    dataset.save_as(path)


def change_all(folder: Path, how: Change) -> None:
    for path in folder.glob("*.dcm"):
        change(path, how)


def setting(**tags: object) -> Change:
    def how(dataset: pydicom.Dataset) -> None:
        for keyword, value in tags.items():
            setattr(dataset, keyword, value)

    return how


def test_what_was_drawn_is_what_is_read(tiny_folder: Path) -> None:
    drawn, volume = draw_phantom(TINY), read(tiny_folder)
    assert np.array_equal(volume.hu, drawn.hu)
    assert volume.affine_lps == pytest.approx(drawn.affine_lps)
    said = volume.provenance
    assert (said.patient_id, said.manufacturer, said.files) == ("PHANTOM-8", "Phantom Works", 6)
    assert said.study_at == TINY.study_at
    assert said.series_at is not None and said.warnings == ()


def test_file_names_and_order_do_not_matter(tiny_folder: Path) -> None:
    before = read(tiny_folder)
    paths = sorted(tiny_folder.glob("*.dcm"))
    for path, new in zip(paths, random.Random(3).sample(range(6), 6), strict=True):
        path.rename(tiny_folder / f"other{new}")
    after = read(tiny_folder)
    assert np.array_equal(before.hu, after.hu)
    assert before.provenance == after.provenance


def test_each_slice_is_rescaled_by_its_own_tags(tiny_folder: Path) -> None:
    before = read(tiny_folder)

    def halve(dataset: pydicom.Dataset) -> None:
        stored = dataset.pixel_array
        dataset.PixelData = (stored * 2).astype("<i2").tobytes()
        dataset.RescaleSlope = 0.5

    change(tiny_folder / "0003.dcm", halve)
    assert np.array_equal(read(tiny_folder).hu, before.hu)


def test_a_copy_of_a_file_changes_nothing_but_is_noted(tiny_folder: Path) -> None:
    before = read(tiny_folder)
    shutil.copy(tiny_folder / "0002.dcm", tiny_folder / "again.dcm")
    after = read(tiny_folder)
    assert np.array_equal(before.hu, after.hu)
    assert after.provenance.warnings == ("1 file(s) are copies of others and were left out",)


def test_the_same_slice_under_another_uid_is_used_once(tiny_folder: Path) -> None:
    before = read(tiny_folder)
    shutil.copy(tiny_folder / "0002.dcm", tiny_folder / "again.dcm")
    change(tiny_folder / "again.dcm", setting(SOPInstanceUID="2.25.1"))
    after = read(tiny_folder)
    assert np.array_equal(before.hu, after.hu) and "came twice" in after.provenance.warnings[0]


def test_different_pictures_at_one_place_are_no_volume(tiny_folder: Path) -> None:
    shutil.copy(tiny_folder / "0002.dcm", tiny_folder / "phase.dcm")
    change(tiny_folder / "phase.dcm", setting(SOPInstanceUID="2.25.1", RescaleIntercept=-1000))
    with pytest.raises(NotAVolume, match="one place"):
        read(tiny_folder)


def test_a_broken_file_inside_the_series_leaves_it_incomplete(tiny_folder: Path) -> None:
    (tiny_folder / "0003.dcm").write_bytes((tiny_folder / "0003.dcm").read_bytes()[:1500])
    with pytest.raises(IncompleteSeries, match="slice"):
        read(tiny_folder)


def test_a_broken_file_at_the_end_is_named_and_left_out(tiny_folder: Path) -> None:
    (tiny_folder / "0006.dcm").write_bytes((tiny_folder / "0006.dcm").read_bytes()[:1500])
    volume = read(tiny_folder)
    assert volume.hu.shape[0] == 5
    assert volume.provenance.warnings == ("0006.dcm is not readable and was left out",)


def test_a_file_that_only_is_named_dicom_is_noted_and_other_files_are_not(tiny_folder: Path) -> None:
    (tiny_folder / "0007.dcm").write_bytes(b"not an image at all" * 20)
    (tiny_folder / "readme.txt").write_text("not an image")
    assert read(tiny_folder).provenance.warnings == ("0007.dcm is not readable and was left out",)


def test_a_folder_without_ct_says_what_is_there(tmp_path: Path, tiny_folder: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoImages, match="none"):
        find_series(tmp_path / "empty")
    change_all(tiny_folder, setting(Modality="MR"))
    with pytest.raises(NoImages, match="6 x MR"):
        find_series(tiny_folder)


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        (setting(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), NotAVolume, "localisers"),
        (setting(RescaleIntercept=None), BadHeader, "intercept"),
        (setting(RescaleSlope=0), BadHeader, "slope"),
        (setting(RescaleType="Z_EFF"), BadHeader, "Hounsfield"),
        (setting(PixelSpacing=[0, 0]), BadHeader, "spacing"),
        (setting(PixelSpacing=None), BadHeader, "PixelSpacing"),
        (setting(ImagePositionPatient=["nan", 0, 0]), BadHeader, "ImagePositionPatient"),
        (setting(NumberOfFrames=4), NotAVolume, "multi-frame"),
        (setting(PhotometricInterpretation="RGB", SamplesPerPixel=3), NotAVolume, "colour"),
        (setting(PhotometricInterpretation="MONOCHROME1"), BadHeader, "MONOCHROME2"),
        (setting(Rows=9999, Columns=9999), TooLarge, "9999"),
        (lambda dataset: delattr(dataset, "PixelData"), UndecodablePixels, "no pixel data"),
        (lambda dataset: delattr(dataset, "Rows"), UndecodablePixels, "no pixel data"),
    ],
)
def test_a_series_that_cannot_be_used_is_refused_with_the_reason(
    tiny_folder: Path, how: Change, error: type[ImagingError], words: str
) -> None:
    change_all(tiny_folder, how)
    with pytest.raises(error, match=words):
        read(tiny_folder)


def test_eight_bit_jpeg_is_refused_by_name(tiny_folder: Path) -> None:
    def pack(dataset: pydicom.Dataset) -> None:
        dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
        dataset.PixelData = encapsulate([dataset.PixelData])

    change_all(tiny_folder, pack)
    with pytest.raises(LossyPixels, match="JPEG"):
        read(tiny_folder)


def test_pixels_that_were_lossy_once_are_read_with_a_warning(tiny_folder: Path) -> None:
    change_all(tiny_folder, setting(LossyImageCompression="01"))
    assert "compressed with loss" in read(tiny_folder).provenance.warnings[0]


def test_a_localiser_among_slices_is_left_out_with_a_warning(tiny_folder: Path) -> None:
    shutil.copy(tiny_folder / "0001.dcm", tiny_folder / "scout.dcm")
    scout = setting(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], SOPInstanceUID="2.25.1")
    change(tiny_folder / "scout.dcm", scout)
    volume = read(tiny_folder)
    assert volume.hu.shape[0] == 6 and "localiser" in volume.provenance.warnings[0]


def test_another_patient_in_the_series_is_refused(tiny_folder: Path) -> None:
    change(tiny_folder / "0002.dcm", setting(PatientID="SOMEONE-ELSE"))
    with pytest.raises(MixedSeries, match="more than one patient"):
        read(tiny_folder)


def test_two_patients_in_a_folder_are_never_guessed_at(tmp_path: Path) -> None:
    first = TINY
    other = Phantom(columns=32, pixel_mm=11.0, slices=8, slice_mm=5.0, lesions=(), patient_id="PHANTOM-9")
    write_phantom(tmp_path / "a", first)
    write_phantom(tmp_path / "b", other)
    with pytest.raises(MixedSeries, match="several patients"):
        read_path(tmp_path)
    volume, _ = read_path(tmp_path, series_uid=first.series_uid)
    assert volume.provenance.patient_id == "PHANTOM-8"
    with pytest.raises(NoImages, match="named"):
        read_path(tmp_path, series_uid="1.2.3")


def test_slices_of_different_size_are_refused(tiny_folder: Path) -> None:
    change(tiny_folder / "0002.dcm", setting(PixelSpacing=[10, 10]))
    with pytest.raises(MixedSeries, match="differ"):
        read(tiny_folder)


def test_a_single_slice_is_refused(tiny_folder: Path) -> None:
    with pytest.raises(NotAVolume, match="single"):
        read(tiny_folder / "0001.dcm")


def test_a_single_slice_that_cannot_be_decoded_is_refused_by_the_name_of_its_compression(tiny_folder: Path) -> None:
    def pack(dataset: pydicom.Dataset) -> None:
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.53"
        dataset.PixelData = encapsulate([dataset.PixelData])

    change(tiny_folder / "0001.dcm", pack)
    with pytest.raises(UndecodablePixels, match="JPEG Spectral Selection"):
        read(tiny_folder / "0001.dcm")


def test_images_that_name_no_series_are_taken_as_one(tiny_folder: Path) -> None:
    change_all(tiny_folder, setting(SeriesInstanceUID=""))
    assert "name no series" in read(tiny_folder).provenance.warnings[0]


def test_a_deflated_bomb_is_refused(tiny_folder: Path) -> None:
    path = tiny_folder / "0001.dcm"
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path)
    raw = path.read_bytes()
    end = 144 + int.from_bytes(raw[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    path.write_bytes(raw[:end] + packer.compress(b"\0" * (1 << 20)) + packer.flush())
    with pytest.raises(TooLarge, match="one slice"):
        find_series(path, Limits(pixels_per_slice=1 << 16))


def test_deflated_files_are_read(tiny_folder: Path) -> None:
    before = read(tiny_folder)
    change_all(
        tiny_folder, lambda dataset: setattr(dataset.file_meta, "TransferSyntaxUID", DeflatedExplicitVRLittleEndian)
    )
    assert np.array_equal(read(tiny_folder).hu, before.hu)


def test_padding_reads_as_minus_1024_and_is_masked(tiny_folder: Path) -> None:
    def pad(dataset: pydicom.Dataset) -> None:
        stored = dataset.pixel_array.copy()
        y, x = np.mgrid[:32, :32] - 15.5
        stored[x**2 + y**2 > 16**2] = -2000
        dataset.PixelData = stored.astype("<i2").tobytes()

    change_all(tiny_folder, pad)
    volume = read(tiny_folder)
    assert volume.padding is not None and volume.padding[:, 0, 0].all() and not volume.padding[:, 16, 16].any()
    assert set(volume.hu[volume.padding]) == {-1024}


def test_no_refusal_names_the_patient(tiny_folder: Path) -> None:
    change(tiny_folder / "0002.dcm", setting(PatientID="SOMEONE-ELSE", PatientName="Doe^Jane"))
    with pytest.raises(ImagingError) as caught:
        read(tiny_folder)
    told = refusal(caught.value)
    assert told["refused"]["code"] == "mixed_series"
    for word in ("SOMEONE", "Doe", "PHANTOM", "Phantom"):
        assert word not in told["refused"]["reason"]

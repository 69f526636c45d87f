"""Tags that lie: impossible sizes, a scale that is none, one UID for many pictures, several series, other files."""

import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from imaging.dicom import find_series
from imaging.errors import BadHeader, ImagingError, NoImages, NotAVolume, TooLarge
from imaging.gate import Use, judge
from imaging.labels import Labels
from imaging.phantom import Phantom, draw_phantom, write_phantom
from imaging.scale import UNCHECKED, doubt
from imaging.source import read_path
from tests.unit.imaging.conftest import TINY
from tests.unit.imaging.test_ct_series import change, change_all, setting
from tests.unit.imaging.volume_files import save_nifti, values

Change = Callable[[pydicom.Dataset], None]


def stored(how: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Return a change of the stored values."""

    def change_pixels(dataset: pydicom.Dataset) -> None:
        dataset.PixelData = how(dataset.pixel_array.astype(int)).astype("<i2").tobytes()

    return change_pixels


def over_12_bits(dataset: pydicom.Dataset) -> None:
    """Store 12 bits without a sign and say that they have one: what is denser than 1023 HU turns to far below air."""
    pixels = dataset.pixel_array.astype(int) + int(dataset.RescaleIntercept) + 1024
    pixels[8:24, 8:24:2], pixels[8:24, 9:25:2] = 2600, 1600  # dense bone beside spongy bone
    dataset.PixelData = (pixels & 0xFFF).astype("<u2").tobytes()
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation, dataset.RescaleIntercept = 12, 11, 1, -1024


def far_apart(dataset: pydicom.Dataset) -> None:
    x, y, z = dataset.ImagePositionPatient
    dataset.ImagePositionPatient = [x, y, z * 40]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (setting(PixelSpacing=[60, 60]), "pixels of 60 mm: no CT"),
        (setting(PixelSpacing=[0.0001, 0.0001]), "pixels of 0.0001 mm: no CT"),
        (setting(PixelSpacing=[0.3, 0.3]), "a field of view of 9.6 mm: no CT"),
        (far_apart, "slices 200 mm apart: no CT"),
        (setting(RescaleIntercept=0, PixelRepresentation=0), "not Hounsfield units"),
        (setting(RescaleSlope=1000), "beyond 32767"),
        (setting(RescaleSlope=-1), "not Hounsfield units"),
        (stored(lambda pixels: pixels + 1024), "not Hounsfield units"),
        (stored(lambda pixels: pixels - 1024), "lighter than nothing"),
        (over_12_bits, "sign may lie"),
    ],
)
def test_a_lying_tag_is_refused_by_what_it_claims(tiny_folder: Path, how: Change, words: str) -> None:
    change_all(tiny_folder, how)
    with pytest.raises((BadHeader, NotAVolume), match=words):
        read_path(tiny_folder)


def test_the_drawn_chest_is_believed() -> None:
    assert doubt(draw_phantom(TINY).hu, None) is None


@pytest.mark.parametrize(
    ("shape", "middle", "words"), [((6, 40, 40), 0, "no air"), ((6, 40, 40), -1000, "hardly anything but air")]
)
def test_a_picture_of_one_thing_cannot_tell_its_scale(shape: tuple[int, ...], middle: int, words: str) -> None:
    noise = np.random.default_rng(1).normal(middle, 20, shape).astype(np.int16)
    told = doubt(noise, None)
    assert told is not None and told.startswith(UNCHECKED) and words in told


def test_air_that_does_not_read_minus_1000_is_doubted_and_no_hounsfield_unit_is_measured() -> None:
    hu = np.random.default_rng(1).normal(-880, 8, (6, 40, 40))
    hu[:, 10:30, 10:30] += 930
    told = doubt(hu.astype(np.int16), None)
    assert told == f"{UNCHECKED}: the air around the body reads -880 instead of -1000"


def test_a_doubted_scale_makes_every_measurement_of_hounsfield_units_unfit(tiny_folder: Path) -> None:
    change_all(tiny_folder, stored(lambda pixels: np.where(pixels < 424, pixels + 124, pixels)))
    volume, _ = read_path(tiny_folder)
    assert volume.provenance.warnings[-1].startswith(UNCHECKED)
    fitness = judge(volume, Labels(voxels=np.zeros(volume.hu.shape, np.uint8), numbers={}, method="drawn"))
    for use in (Use.LUNG_DENSITY, Use.CALCIUM, Use.LIVER_ATTENUATION, Use.BONE_ATTENUATION, Use.BODY_COMPOSITION):
        assert UNCHECKED in fitness.unfit[use]
    assert UNCHECKED in fitness.cautions[Use.AORTA_DIAMETER]


def test_other_pixels_under_one_uid_are_refused_and_copies_are_not(tiny_folder: Path) -> None:
    shutil.copy(tiny_folder / "0002.dcm", tiny_folder / "again.dcm")
    change(tiny_folder / "again.dcm", setting(InstitutionName="copied elsewhere"))
    assert "copies of others" in read_path(tiny_folder)[0].provenance.warnings[0]
    change(tiny_folder / "again.dcm", stored(lambda pixels: pixels + 7))
    with pytest.raises(BadHeader, match=r"2 images share one SOP Instance UID .* and differ"):
        read_path(tiny_folder)


def test_a_series_under_one_uid_is_said_to_be(tiny_folder: Path) -> None:
    change_all(tiny_folder, setting(SOPInstanceUID="2.25.5"))
    with pytest.raises(BadHeader, match="6 images share one SOP Instance UID"):
        read_path(tiny_folder)


def test_of_series_of_one_size_the_one_left_out_is_named(tmp_path: Path, tiny_folder: Path) -> None:
    other = Phantom(columns=32, pixel_mm=11.0, slices=6, slice_mm=5.0, lesions=(), patient_id="PHANTOM-8", seed=2)
    write_phantom(tiny_folder / "other", other)
    volume, _ = read_path(tiny_folder)
    left = ({TINY.series_uid, other.series_uid} - {volume.provenance.series_uid or ""}).pop()
    (warning,) = volume.provenance.warnings
    assert left in warning and "several have as many images" in warning and "most images" not in warning
    assert "as many" not in read_path(tiny_folder, left)[0].provenance.warnings[0]


def refusal_of(path: Path) -> str:
    with pytest.raises(ImagingError) as caught:
        find_series(path)
    return str(caught.value)


def test_a_nifti_in_a_folder_is_named_and_how_to_read_it(tmp_path: Path) -> None:
    save_nifti(tmp_path / "a.nii.gz", values(3, 4, 5))
    save_nifti(tmp_path / "b.nii", values(3, 4, 5))
    told = refusal_of(tmp_path)
    assert "2 x NIfTI" in told and "name the file itself" in told


def test_an_archive_of_links_is_named(tmp_path: Path, tiny_folder: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name in ("one.dcm", "two.dcm"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(link)
    assert "2 links, which are not followed" in refusal_of(tmp_path / "a.tar")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one.dcm").symlink_to(tiny_folder / "0001.dcm")
    assert "1 links, which are not followed" in refusal_of(tmp_path / "folder")


def test_a_zip_bomb_is_named_before_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imaging.archive._BOMB_BYTES", 1 << 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(4 << 20))
    with pytest.raises(TooLarge, match=r"4 MiB, .* times its size: a bomb"):
        find_series(tmp_path / "a.zip")


def test_other_files_and_nothing_are_told_apart(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("inner.zip", b"PK\x03\x04 and more")
        packed.writestr("letter.pdf", b"%PDF-1.7")
    assert "1 x PDF, 1 x archive within, which is not opened" in refusal_of(tmp_path / "a.zip")
    (tmp_path / "none").mkdir()
    with pytest.raises(NoImages, match="empty"):
        find_series(tmp_path / "none")

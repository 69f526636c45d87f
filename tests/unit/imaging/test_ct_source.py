"""Whatever a path leads to (folder, CD, archive, several series), the volume meant is read, or the reason told."""

import io
import shutil
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.fileset import FileSet
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from imaging import archive
from imaging.archive import Limits
from imaging.dicom import find_series
from imaging.errors import BadArchive, IncompleteSeries, MixedSeries, NoImages, NotAVolume, TooLarge
from imaging.phantom import Phantom, write_phantom
from imaging.source import read_path
from tests.unit.imaging.conftest import TINY


def a_cd(tmp_path: Path, series: Path) -> Path:
    """Return the DICOMDIR of a drawn CD, as pydicom lays one out."""
    files = FileSet()
    for path in sorted(series.glob("*.dcm")):
        files.add(path)
    files.write(tmp_path / "cd")
    files._stage["t"].cleanup()  # pydicom leaves its temporary folder to the garbage collector, with a warning
    return tmp_path / "cd" / "DICOMDIR"


def images_of(dicomdir: Path) -> list[Path]:
    return sorted(path for path in dicomdir.parent.rglob("*") if path.is_file() and path.name != "DICOMDIR")


def test_a_cd_is_read_by_its_folder_and_by_its_dicomdir(tmp_path: Path, tiny_folder: Path) -> None:
    dicomdir = a_cd(tmp_path, tiny_folder)
    expected, _ = read_path(tiny_folder)
    for path in (dicomdir.parent, dicomdir):
        volume, _ = read_path(path)
        assert np.array_equal(volume.hu, expected.hu) and volume.provenance.warnings == ()


def test_a_cd_copied_in_small_letters_is_read(tmp_path: Path, tiny_folder: Path) -> None:
    dicomdir = a_cd(tmp_path, tiny_folder)
    for path in sorted(dicomdir.parent.rglob("*"), key=lambda one: -len(one.parts)):
        if path != dicomdir:
            path.rename(path.with_name(path.name.lower()))
    assert read_path(dicomdir)[0].hu.shape[0] == 6


def test_what_a_dicomdir_does_not_name_is_not_read(tmp_path: Path, tiny_folder: Path) -> None:
    dicomdir = a_cd(tmp_path, tiny_folder)
    write_phantom(dicomdir.parent / "OTHER", Phantom(columns=32, pixel_mm=11.0, slices=9, slice_mm=5.0, patient_id="X"))
    assert read_path(dicomdir)[0].provenance.patient_id == "PHANTOM-8"


def test_a_file_that_is_missing_from_a_cd_is_named(tmp_path: Path, tiny_folder: Path) -> None:
    dicomdir = a_cd(tmp_path, tiny_folder)
    last = images_of(dicomdir)[-1]
    last.unlink()
    volume, _ = read_path(dicomdir)
    assert volume.hu.shape[0] == 5
    expected = f"1 file(s) that the DICOMDIR names are missing, such as {last.name}"
    assert volume.provenance.warnings == (expected,)


def test_a_slice_missing_inside_is_a_hole_that_is_refused(tmp_path: Path, tiny_folder: Path) -> None:
    dicomdir = a_cd(tmp_path, tiny_folder)
    images_of(dicomdir)[2].unlink()
    with pytest.raises(IncompleteSeries, match="1 slice"):
        read_path(dicomdir)


def test_a_dicomdir_that_leads_out_of_its_folder_is_not_followed(tmp_path: Path, tiny_folder: Path) -> None:
    dicomdir = a_cd(tmp_path, tiny_folder)
    dataset = pydicom.dcmread(dicomdir)
    for record in dataset.DirectoryRecordSequence:
        if record.DirectoryRecordType == "IMAGE":
            record.ReferencedFileID = ["..", "tiny", "0001.dcm"]
    dataset.save_as(dicomdir)
    with pytest.raises(NoImages, match="missing: 6"):
        read_path(dicomdir)


def test_a_broken_dicomdir_is_said_to_be(tmp_path: Path, tiny_folder: Path) -> None:
    dicomdir = a_cd(tmp_path, tiny_folder)
    dicomdir.write_bytes(dicomdir.read_bytes()[:700])
    with pytest.raises(NoImages, match=r"DICOMDIR|no CT image"):
        read_path(dicomdir)


def test_a_dicomdir_that_names_too_many_files_is_refused(tmp_path: Path, tiny_folder: Path) -> None:
    with pytest.raises(TooLarge, match="more than 5 files"):
        read_path(a_cd(tmp_path, tiny_folder), limits=Limits(files=5))


@pytest.mark.parametrize("room", [0, 1 << 20])
@pytest.mark.parametrize("kind", ["zip", "tar.xz"])
def test_an_archive_gives_the_same_volume_in_memory_or_from_the_spool(
    tmp_path: Path, tiny_folder: Path, kind: str, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "SPOOL_BYTES", room)
    path = tmp_path / f"a.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for one in tiny_folder.iterdir():
                packed.write(one, f"deep/{one.name}")
    else:
        with tarfile.open(path, "w:xz") as tar:
            tar.add(tiny_folder, "deep")
    assert np.array_equal(read_path(path)[0].hu, read_path(tiny_folder)[0].hu)


def test_a_series_beside_another_is_named_in_a_warning(tmp_path: Path, tiny_folder: Path) -> None:
    more = Phantom(columns=32, pixel_mm=11.0, slices=8, slice_mm=5.0, lesions=(), patient_id="PHANTOM-8", seed=2)
    write_phantom(tmp_path / "more", more)
    shutil.copytree(tiny_folder, tmp_path / "more" / "few")
    volume, _ = read_path(tmp_path / "more")
    assert volume.provenance.series_uid == more.series_uid
    (warning,) = volume.provenance.warnings
    assert warning.startswith(f"1 other CT series here left out: {TINY.series_uid} (6 images); the one with most")
    assert read_path(tmp_path / "more", TINY.series_uid)[0].provenance.series_uid == TINY.series_uid


def test_positions_of_different_frames_of_reference_are_not_mixed(tiny_folder: Path) -> None:
    set_tags([tiny_folder / "0003.dcm"], {"FrameOfReferenceUID": "2.25.99"})
    with pytest.raises(MixedSeries, match="frames of reference"):
        read_path(tiny_folder)


NO_SLICES = (
    ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "screen capture or report page"),
    ({"ImageType": ["DERIVED", "SECONDARY", "DOSE_INFO"]}, "screen capture or report page"),
    ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "colour picture"),
    ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localiser"),
)


def set_tags(paths: list[Path], tags: dict[str, object]) -> None:
    for path in paths:
        dataset = pydicom.dcmread(path)
        for keyword, value in tags.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)


@pytest.mark.parametrize(("tags", "kind"), NO_SLICES)
def test_what_is_no_slice_is_left_out_by_name(tiny_folder: Path, tags: dict[str, object], kind: str) -> None:
    set_tags([tiny_folder / "0001.dcm", tiny_folder / "0006.dcm"], tags)
    volume, _ = read_path(tiny_folder)
    assert volume.hu.shape[0] == 4 and volume.provenance.warnings == (f"2 {kind}(s) were left out",)


@pytest.mark.parametrize(("tags", "kind"), NO_SLICES)
def test_a_series_without_slices_is_refused_by_name(tiny_folder: Path, tags: dict[str, object], kind: str) -> None:
    set_tags(list(tiny_folder.glob("*.dcm")), tags)
    with pytest.raises(NotAVolume, match=f"only {kind}s"):
        read_path(tiny_folder)


def test_a_declared_tilt_that_is_not_there_is_doubted(tiny_folder: Path) -> None:
    set_tags(list(tiny_folder.glob("*.dcm")), {"GantryDetectorTilt": -12})
    warning = read_path(tiny_folder)[0].provenance.warnings[0]
    assert warning == "the header says the gantry was tilted by 12.0 degrees; the positions say it was not"


def test_a_zip_that_lies_about_its_size_stops_there(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("a.dcm", b"\0" * 128 + b"DICM" + b"\0" * (1 << 20))
    data = packed.getvalue().replace((132 + (1 << 20)).to_bytes(4, "little"), (200).to_bytes(4, "little"))
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(BadArchive):
        find_series(tmp_path / "a.zip", Limits(bytes=1 << 16))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless, JPEGLSLossless])
def test_every_lossless_encoding_gives_the_same_volume(tmp_path: Path, tiny_folder: Path, syntax: UID) -> None:
    expected, _ = read_path(tiny_folder)
    (tmp_path / "packed").mkdir()
    for path in sorted(tiny_folder.glob("*.dcm")):
        dataset = pydicom.dcmread(path)
        if syntax.is_compressed:
            dataset.compress(syntax)
            dataset.save_as(tmp_path / "packed" / path.name)
        else:
            if syntax == ExplicitVRBigEndian:
                dataset.PixelData = dataset.pixel_array.astype(">i2").tobytes()
            dataset.file_meta.TransferSyntaxUID = syntax
            pydicom.dcmwrite(
                tmp_path / "packed" / path.name,
                dataset,
                implicit_vr=syntax.is_implicit_VR,
                little_endian=syntax.is_little_endian,
                force_encoding=True,
            )
    volume, _ = read_path(tmp_path / "packed")
    assert np.array_equal(volume.hu, expected.hu) and volume.provenance.warnings == ()
    assert volume.provenance.transfer_syntax_uid == syntax

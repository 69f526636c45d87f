"""NIfTI in and out, with nibabel as the oracle; what is no CT is refused with the reason."""

import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest

from imaging.archive import Limits
from imaging.errors import BadHeader, ImagingError, NotAVolume, TooLarge, UndecodablePixels
from imaging.nifti import is_nifti, read_nifti, write_nifti
from imaging.phantom import draw_phantom
from imaging.source import read_path
from imaging.volume import Volume
from tests.unit.imaging.conftest import TINY
from tests.unit.imaging.volume_files import RAS_TO_LPS, STANDARD_RAS, save_nifti, values

TURNED = np.array([[0, 2.5, 0, -30.0], [0, 0, -0.7, 50.0], [0.8, 0, 0, 10.0], [0, 0, 0, 1.0]])  # k to the front ...


def assert_same_places(volume: Volume, path: Path) -> None:
    """Every voxel that nibabel reads lies where it lies in the volume, with the same value in whole HU."""
    image = nibabel.load(path)
    theirs = np.asarray(image.get_fdata())
    for ijk in np.ndindex(*theirs.shape[:3]):
        at = volume.to_voxel((RAS_TO_LPS @ image.affine @ [*ijk, 1])[:3])
        x, y, z = np.rint(at).astype(int)
        assert at == pytest.approx((x, y, z), abs=1e-3)
        assert volume.hu[z, y, x] == np.rint(theirs[ijk].item())


@pytest.mark.parametrize("affine", [STANDARD_RAS, np.diag([0.7, 0.8, 2.0, 1]), TURNED])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_every_voxel_lies_where_nibabel_says(tmp_path: Path, affine: np.ndarray, name: str) -> None:
    path = save_nifti(tmp_path / name, values(4, 5, 6), affine)
    volume, _ = read_path(path)
    assert np.all(np.diag(volume.affine_lps)[:3] > 0)
    assert_same_places(volume, path)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", ["<i2", ">i2", "<i4", "<f4", ">f8"])
def test_any_number_type_and_byte_order_is_read(tmp_path: Path, version: int, kind: str) -> None:
    data = values(3, 4, 5).astype(kind)
    image_kind = nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image
    header = image_kind.header_class(endianness=kind[0])
    header.set_data_dtype(kind)
    image_kind(data, STANDARD_RAS, header).to_filename(tmp_path / "a.nii")
    assert_same_places(read_nifti(tmp_path / "a.nii"), tmp_path / "a.nii")


def test_scaled_values_become_hounsfield_units(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(values(3, 4, 5), STANDARD_RAS)
    image.header.set_slope_inter(0.5, -1024)
    image.to_filename(tmp_path / "a.nii")
    raw = nibabel.load(tmp_path / "a.nii")
    assert raw.dataobj.slope == 0.5
    assert_same_places(read_nifti(tmp_path / "a.nii"), tmp_path / "a.nii")


def test_float_values_are_rounded_and_no_number_is_padding(tmp_path: Path) -> None:
    data = values(3, 4, 5).astype(np.float32) + 0.4
    data[1, 2, 3] = np.nan
    volume = read_nifti(save_nifti(tmp_path / "a.nii.gz", data))
    assert volume.padding is not None and volume.padding.sum() == 1
    assert volume.hu[3, 2, 1] == -1024 and volume.hu[0, 0, 0] == data[0, 0, 0].round()


def test_the_qform_is_taken_where_there_is_no_sform(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    turned = np.array([[0.0, -0.7, 0, 5], [0.8, 0, 0, -7], [0, 0, -2.0, 9], [0, 0, 0, 1]])
    image = nibabel.Nifti1Image(values(4, 5, 6), None)
    image.set_qform(turned, code=1)
    image.set_sform(None, code=0)
    image.to_filename(path)
    assert_same_places(read_nifti(path), path)


def test_two_positions_that_differ_are_warned_of(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(values(4, 5, 6), STANDARD_RAS)
    shifted = STANDARD_RAS.copy()
    shifted[0, 3] += 4
    image.set_qform(shifted, code=1)
    image.set_sform(STANDARD_RAS, code=1)
    image.to_filename(tmp_path / "a.nii")
    volume = read_nifti(tmp_path / "a.nii")
    assert "two different positions" in volume.provenance.warnings[1]
    assert volume.affine_lps[0, 3] == pytest.approx(-90)


def test_metres_are_told_in_mm(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(values(3, 4, 5), np.diag([0.0007, 0.0007, 0.002, 1.0]))
    image.header.set_xyzt_units("meter")
    image.to_filename(tmp_path / "a.nii")
    assert read_nifti(tmp_path / "a.nii").spacing_mm == pytest.approx((0.7, 0.7, 2.0))


def test_a_volume_says_that_its_values_were_taken_on_trust(tmp_path: Path) -> None:
    assert (
        "does not say that it is a CT"
        in read_nifti(save_nifti(tmp_path / "a.nii", values(3, 4, 5))).provenance.warnings[0]
    )


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (values(3, 4, 5 * 6).reshape(3, 4, 5, 6), NotAVolume, "4 dimensions"),
        (values(3, 4, 1), NotAVolume, "single slice"),
        (values(3, 4, 5).clip(0, 90), NotAVolume, "labels or raw values"),
        ((values(3, 4, 5) / 1000).astype(np.float32), NotAVolume, "span only"),
        (np.zeros((3, 4, 5), [("R", "u1"), ("G", "u1"), ("B", "u1")]), NotAVolume, "colour"),
        (np.zeros((3, 4, 5), np.complex64), NotAVolume, "complex"),
        (np.full((3, 4, 5), np.nan, np.float32), NotAVolume, "no voxel holds a number"),
    ],
)
def test_what_is_no_ct_is_refused(tmp_path: Path, data: np.ndarray, error: type[ImagingError], words: str) -> None:
    with pytest.raises(error, match=words):
        read_nifti(save_nifti(tmp_path / "a.nii", data))


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"intent_code": 1002}, NotAVolume, "labels"),
        ({"sform_code": 0, "qform_code": 0}, BadHeader, "how it lies"),
        ({"srow_x": [np.nan, 0, 0, 0]}, BadHeader, "impossible"),
        ({"srow_y": [0, 0, 0, 0]}, BadHeader, "impossible"),
        ({"srow_y": [0, -0.7, 0.5, 80]}, BadHeader, "perpendicular"),
        ({"dim": [3, 3, 4, 1, 1, 1, 1, 1]}, NotAVolume, "single slice"),
        ({"dim": [3, -3, 4, 5, 1, 1, 1, 1]}, NotAVolume, "no voxel"),
        ({"dim": [3, 30_000, 30_000, 30_000, 1, 1, 1, 1]}, TooLarge, "30000"),
        ({"dim": [99, 3, 4, 5, 1, 1, 1, 1]}, NotAVolume, "three dimensions"),
        ({"dim": [3, 30, 4, 5, 1, 1, 1, 1]}, UndecodablePixels, "cut short"),
        ({"scl_slope": 1e9}, BadHeader, "scale"),
        ({"vox_offset": 4e9}, TooLarge, "begin"),
        ({"magic": b"ni1"}, BadHeader, "second file"),
    ],
)
def test_a_lying_header_is_refused(
    tmp_path: Path, fields: dict[str, object], error: type[ImagingError], words: str
) -> None:
    path = save_nifti(tmp_path / "a.nii", values(3, 4, 5))
    header = nibabel.Nifti1Header(path.read_bytes()[:348], check=False)
    for field, value in fields.items():
        header[field] = value
    path.write_bytes(header.binaryblock + path.read_bytes()[348:])
    with pytest.raises(error, match=words):
        read_nifti(path)


def test_a_packed_file_that_is_cut_or_broken_is_said_to_be(tmp_path: Path) -> None:
    whole = save_nifti(tmp_path / "a.nii.gz", np.random.default_rng(1).normal(0, 300, (20, 20, 20))).read_bytes()
    (tmp_path / "cut.nii.gz").write_bytes(whole[: len(whole) // 2])
    flipped = bytearray(whole)
    flipped[-5] ^= 1  # in the sum of the unpacked bytes
    (tmp_path / "broken.nii.gz").write_bytes(bytes(flipped))
    for name in ("cut.nii.gz", "broken.nii.gz"):
        with pytest.raises(UndecodablePixels, match=r"damaged|cut short"):
            read_nifti(tmp_path / name)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    plain = save_nifti(tmp_path / "a.nii", values(3, 4, 5)).read_bytes()
    header = bytearray(plain[:352])
    struct.pack_into("<4h", header, 40, 3, 512, 512, 20_000)
    (tmp_path / "bomb.nii.gz").write_bytes(gzip.compress(bytes(header) + bytes(1 << 20)))
    with pytest.raises(TooLarge, match="20000"):
        read_path(tmp_path / "bomb.nii.gz")
    with pytest.raises(TooLarge, match="5 slices"):
        read_path(tmp_path / "a.nii", limits=Limits(voxels=59))


def test_what_is_no_nifti_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "a.nii").write_bytes(b"nothing of the kind")
    (tmp_path / "b.nii.gz").write_bytes(b"\x1f\x8bnothing of the kind")
    assert not is_nifti(tmp_path / "a.nii") and not is_nifti(tmp_path / "b.nii.gz")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_what_is_written_is_what_nibabel_reads(tmp_path: Path, name: str) -> None:
    volume = draw_phantom(TINY)
    write_nifti(volume, tmp_path / name)
    image = nibabel.load(tmp_path / name)
    assert image.get_data_dtype() == np.int16 and image.header.get_xyzt_units()[0] == "mm"
    assert np.array_equal(np.asarray(image.dataobj), volume.hu.transpose(2, 1, 0))
    assert RAS_TO_LPS @ image.affine == pytest.approx(volume.affine_lps, abs=1e-4)

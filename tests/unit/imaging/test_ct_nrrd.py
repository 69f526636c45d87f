"""NRRD in, with SimpleITK as the oracle; what is no CT is refused with the reason."""

import bz2
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from imaging.errors import BadHeader, ImagingError, NotAVolume, TooLarge, UndecodablePixels
from imaging.nrrd import read_nrrd
from imaging.source import read_path
from tests.unit.imaging.volume_files import save_nrrd, values

DATA = values(4, 5, 6)
HEADER = """NRRD0004
# drawn
type: short
dimension: 3
space: left-posterior-superior
sizes: 4 5 6
space directions: (0.7,0,0) (0,0.8,0) (0,0,2.5)
kinds: domain domain domain
endian: little
encoding: raw
space origin: (-90,-80,-40)
"""


def with_header(path: Path, change: tuple[str, str] = ("", ""), data: bytes | None = None) -> Path:
    header = HEADER.replace(*change)
    path.write_bytes(header.encode() + b"\n" + (DATA.transpose(2, 1, 0).tobytes() if data is None else data))
    return path


@pytest.mark.parametrize("packed", [True, False])
def test_every_voxel_lies_where_simpleitk_says(tmp_path: Path, packed: bool) -> None:
    path = save_nrrd(tmp_path / "a.nrrd", DATA, packed=packed)
    volume, _ = read_path(path)
    image = SimpleITK.ReadImage(str(path))
    assert np.array_equal(volume.hu, DATA.transpose(2, 1, 0))
    for ijk in ((0, 0, 0), (3, 4, 5), (2, 0, 1)):
        assert volume.to_lps(np.array(ijk, float)) == pytest.approx(image.TransformIndexToPhysicalPoint(ijk))


@pytest.mark.parametrize(
    ("change", "data"),
    [
        (("space: left-posterior-superior", "space: LPS"), None),
        (("encoding: raw", "encoding: bzip2"), bz2.compress(DATA.transpose(2, 1, 0).tobytes())),
        (("endian: little", "endian: big"), DATA.transpose(2, 1, 0).astype(">i2").tobytes()),
        (("type: short", "type: float"), DATA.transpose(2, 1, 0).astype("<f4").tobytes()),
    ],
)
def test_other_spellings_give_the_same_volume(tmp_path: Path, change: tuple[str, str], data: bytes | None) -> None:
    volume = read_nrrd(with_header(tmp_path / "a.nrrd", change, data))
    assert np.array_equal(volume.hu, DATA.transpose(2, 1, 0))
    assert volume.affine_lps[:3, 3] == pytest.approx([-90, -80, -40])


def test_right_anterior_superior_is_turned(tmp_path: Path) -> None:
    volume = read_nrrd(with_header(tmp_path / "a.nrrd", ("left-posterior-superior", "right-anterior-superior")))
    assert np.array_equal(volume.hu, DATA.transpose(2, 1, 0)[:, ::-1, ::-1])
    assert volume.to_lps(np.array([3.0, 4.0, 0.0])) == pytest.approx([90, 80, -40])  # the file's first voxel


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (("# drawn", "Segment0_ID:=Segment_1"), NotAVolume, "segmentation"),
        (("dimension: 3\n", "dimension: 3\ndata file: voxels.raw\n"), BadHeader, "another file"),
        (("dimension: 3\n", "dimension: 3\nbyte skip: -1\n"), BadHeader, "skip"),
        (("type: short", "type: block"), NotAVolume, "kind"),
        (("sizes: 4 5 6", "sizes: 3 4 5 6"), NotAVolume, "4 dimensions"),
        (("sizes: 4 5 6", "sizes: 40000 50000 6"), TooLarge, "40000"),
        (("sizes: 4 5 6", "sizes: 4 5 7"), UndecodablePixels, "cut short"),
        (("endian: little\n", ""), BadHeader, "order of the bytes"),
        (("encoding: raw", "encoding: hex"), BadHeader, "encoding"),
        (("encoding: raw", "encoding: gzip"), UndecodablePixels, "damaged"),
        (("space: left-posterior-superior", "space: 3D-right-handed"), BadHeader, "how it lies"),
        (("space directions: (0.7,0,0)", "space directions: none"), BadHeader, "how it lies"),
        (("(0,0.8,0)", "(0,nan,0)"), BadHeader, "impossible"),
        (("(0,0.8,0)", "(0,0.8,0.4)"), BadHeader, "perpendicular"),
        (("space origin", 'space units: "cm" "cm" "cm"\nspace origin'), BadHeader, "mm"),
    ],
)
def test_what_cannot_be_used_is_refused(
    tmp_path: Path, change: tuple[str, str], error: type[ImagingError], words: str
) -> None:
    with pytest.raises(error, match=words):
        read_nrrd(with_header(tmp_path / "a.nrrd", change))


def test_a_header_without_an_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short.nrrd").write_bytes(b"NRRD0004\ntype: short\n")
    (tmp_path / "long.nrrd").write_bytes(b"NRRD0004\n" + b"# on and on\n" * 3000)
    with pytest.raises(UndecodablePixels, match="inside its header"):
        read_path(tmp_path / "short.nrrd")
    with pytest.raises(BadHeader, match="does not end"):
        read_path(tmp_path / "long.nrrd")


def test_a_series_cannot_be_named_in_a_file_without_series(tmp_path: Path) -> None:
    with pytest.raises(ImagingError, match="names no series"):
        read_path(with_header(tmp_path / "a.nrrd"), "1.2.3")

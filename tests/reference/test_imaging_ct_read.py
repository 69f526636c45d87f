"""`twin ct read --nifti` against dcm2niix v1.0.20220720, file against file, both read by nibabel's rules.

`dcm2niix_reference.json` was made with the Debian package and holds for each series the RAS affine and 40 voxels.
"""

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from typer.testing import CliRunner

from twin.cli.ct import app

pytestmark = pytest.mark.shared_data
UNTILTED = (
    "chest_ge_lidc0001/dicom.tar.xz",
    "chest_siemens_lungdx_a0002/dicom.zip",
    "calcium_qrm_canon/dicom.tar.xz",
    "organs_totalseg/dicom_siemens_j2k",
    "dicom_seg_sr/ct-3slice",
)


def read(path: Path, *more: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["read", str(path), "--json", *more])
    told: dict[str, Any] = json.loads(result.stdout)
    assert (result.exit_code == 0) == (told["refused"] is None)
    return told


@pytest.mark.parametrize("source", UNTILTED)
def test_what_is_written_equals_what_dcm2niix_writes(tmp_path: Path, shared_data: Path, source: str) -> None:
    series = json.loads((shared_data / "ct" / "dcm2niix_reference.json").read_text())["series"]
    theirs = next(one for one in series if one["source"] == source)["outputs"][0]
    told = read(shared_data / "ct" / source, "--nifti", str(tmp_path / "out.nii"))
    ours = nibabel.load(tmp_path / "out.nii")
    assert told["shape"] == theirs["shape"] == list(ours.shape)
    assert told["spacing_mm"] == pytest.approx(theirs["zooms"], abs=0.01)
    assert told["hu_max"] == theirs["hu_max"]
    to_ours = np.linalg.inv(ours.affine) @ np.array(theirs["affine_ras"])
    hu = np.asarray(ours.dataobj)
    unmasked = 0
    for *ijk, expected in theirs["samples_voxel_ijk_hu"]:
        at = (to_ours @ [*ijk, 1])[:3]
        off_mm = np.abs(at - np.rint(at)) * theirs["zooms"]
        assert off_mm.max() < 0.01
        value = hu[tuple(np.rint(at).astype(int))]
        assert value == expected or (value == -1024 and expected < -1024)  # padding
        unmasked += bool(value == expected)
    assert unmasked >= 20


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("dicom_geometry_faults/sliceincrement_001.zip", "1 slice(s) missing"),
        ("dicom_geometry_faults/notavolume.zip", "at one place"),
        ("dicom_seg_sr/seg.dcm", "no CT image"),
        ("dicom_seg_sr/sr.dcm", "no CT image"),
        ("dicom_encodings", "JPEG with loss"),
        ("organs_totalseg/example_seg.nii.gz", "labels"),
        ("chest_nrrd_lung1/lung1_label.nrrd", "labels"),
    ],
)
def test_what_is_no_volume_is_refused_with_the_reason(shared_data: Path, source: str, words: str) -> None:
    assert words in read(shared_data / "ct" / source)["refused"]


@pytest.mark.parametrize(
    ("source", "shape", "spacing_mm"),
    [
        ("organs_totalseg/example_ct_sm.nii.gz", [122, 101, 30], [3, 3, 3]),
        ("aorta_totalseg/ct_cropped.nii.gz", [120, 126, 164], [1.5, 1.5, 1.5]),
        ("chest_nrrd_lung1/lung1_image.nrrd", [512, 512, 48], [0.5703, 0.5703, 5]),
    ],
)
def test_real_nifti_and_nrrd_are_read(
    shared_data: Path, source: str, shape: list[int], spacing_mm: list[float]
) -> None:
    told = read(shared_data / "ct" / source)
    assert told["shape"] == shape and told["spacing_mm"] == pytest.approx(spacing_mm, abs=1e-3)

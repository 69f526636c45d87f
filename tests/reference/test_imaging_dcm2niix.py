"""Our volumes against those of dcm2niix v1.0.20220720: places within 0.01 mm, Hounsfield units exactly.

`dcm2niix_reference.json` was made with the Debian package and holds for each series the RAS affine and 40 voxels.
Both undo a gantry tilt by moving each slice in its plane, so the evenly spaced tilted series is compared voxel by voxel
too. The other tilted series is not: dcm2niix interpolates its uneven slices to another distance than we do, and the
axes of what it writes are not perpendicular.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imaging.dicom import find_series
from imaging.errors import IncompleteSeries, NotAVolume
from imaging.series import read_volume

pytestmark = pytest.mark.shared_data
UNTILTED = (
    "chest_ge_lidc0001/dicom.tar.xz",
    "chest_siemens_lungdx_a0002/dicom.zip",
    "calcium_qrm_canon/dicom.tar.xz",
    "organs_totalseg/dicom_siemens_j2k",
    "dicom_seg_sr/ct-3slice",
)
RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


TILTED = "dicom_geometry_faults/gantrytilting.zip"  # 14 degrees, and its tag says 0


def reference(shared_data: Path, source: str, output: int = 0) -> dict[str, Any]:
    series = json.loads((shared_data / "ct" / "dcm2niix_reference.json").read_text())["series"]
    return next(one for one in series if one["source"] == source)["outputs"][output]


@pytest.mark.parametrize(("source", "output"), [*((name, 0) for name in UNTILTED), (TILTED, 1)])
def test_geometry_and_hounsfield_units_equal_dcm2niix(shared_data: Path, source: str, output: int) -> None:
    theirs = reference(shared_data, source, output)
    volume = read_volume(find_series(shared_data / "ct" / source)[0])
    assert volume.hu.shape == tuple(theirs["shape"][::-1])
    assert volume.spacing_mm == pytest.approx(theirs["zooms"], abs=0.01)
    affine = RAS_TO_LPS @ np.array(theirs["affine_ras"])
    compared = 0
    for i, j, k, hu in theirs["samples_voxel_ijk_hu"]:
        place = (affine @ [i, j, k, 1])[:3]
        x, y, z = volume.to_voxel(place)
        voxel = tuple(np.rint([z, y, x]).astype(int))
        assert volume.to_lps(np.array([voxel[2], voxel[1], voxel[0]], float)) == pytest.approx(place, abs=0.01)
        if volume.padding is None or not volume.padding[voxel]:
            assert volume.hu[voxel] == hu
            compared += 1
        else:
            assert hu <= -1024 and volume.hu[voxel] == -1024
    assert compared >= 20  # most voxels are no padding
    assert volume.hu.max() == theirs["hu_max"]


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("dicom_geometry_faults/sliceincrement_001.zip", IncompleteSeries, "1 slice"),
        ("dicom_geometry_faults/notavolume.zip", NotAVolume, "one place"),
    ],
)
def test_faulty_geometry_is_refused_by_name(shared_data: Path, name: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read_volume(find_series(shared_data / "ct" / name)[0])


def test_a_tilted_scan_with_uneven_slices_is_made_straight_and_even(shared_data: Path) -> None:
    volume = read_volume(find_series(shared_data / "ct" / "tilt_variable_ge/dicom.zip")[0])
    theirs = reference(shared_data, "tilt_variable_ge/dicom.zip", 1)
    assert volume.hu.shape[1:] == tuple(theirs["shape"][1::-1])  # rows grow alike to hold every moved slice
    assert volume.spacing_mm[:2] == pytest.approx(theirs["zooms"][:2], abs=1e-4)
    assert volume.affine_lps[:3, :3].T @ volume.affine_lps[:3, :3] == pytest.approx(np.diag(volume.spacing_mm) ** 2)
    tilt, uneven = volume.provenance.warnings
    assert "18.5 degrees" in tilt and "1.08 to 7.00 mm" in uneven

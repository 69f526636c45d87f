"""Our volumes against those of dcm2niix v1.0.20220720: places within 0.01 mm, Hounsfield units exactly.

`dcm2niix_reference.json` was made with the Debian package and holds for each series the RAS affine and 40 voxels.
Tilted series are left out: we refuse them, dcm2niix shears them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imaging.dicom import find_series
from imaging.errors import IncompleteSeries, NotAVolume, TiltedGantry
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


def reference(shared_data: Path, source: str) -> dict[str, Any]:
    series = json.loads((shared_data / "ct" / "dcm2niix_reference.json").read_text())["series"]
    return next(one for one in series if one["source"] == source)["outputs"][0]


@pytest.mark.parametrize("source", UNTILTED)
def test_geometry_and_hounsfield_units_equal_dcm2niix(shared_data: Path, source: str) -> None:
    theirs = reference(shared_data, source)
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
        ("dicom_geometry_faults/gantrytilting.zip", TiltedGantry, r"14\.0 degrees"),  # its tag says nothing
        ("dicom_geometry_faults/sliceincrement_001.zip", IncompleteSeries, "1 slice"),
        ("dicom_geometry_faults/notavolume.zip", NotAVolume, "one place"),
        ("tilt_variable_ge/dicom.zip", TiltedGantry, r"18\.5 degrees"),
    ],
)
def test_faulty_geometry_is_refused_by_name(shared_data: Path, name: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read_volume(find_series(shared_data / "ct" / name)[0])

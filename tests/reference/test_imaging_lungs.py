"""The labelled LIDC scan: what the gate says of it, and its lungs against the numbers kept beside it.

`reference_measurements.json` was computed inside the same automatic labels: it checks the sums, not the labels.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from imaging.gate import Fitness, Use, judge
from imaging.labels import Labels
from imaging.measure.lungs import MEASURE
from imaging.study import read_path
from imaging.volume import Volume

pytestmark = pytest.mark.shared_data
Scan = tuple[Volume, Labels, Fitness]


@pytest.fixture(scope="module")
def scan(shared_data: Path) -> Scan:
    folder = shared_data / "ct" / "chest_ge_lidc0001"
    volume, _ = read_path(folder / "dicom.tar.xz")
    voxels = sitk.GetArrayFromImage(sitk.DICOMOrient(sitk.ReadImage(folder / "totalsegmentator_labels.nii.gz"), "LPS"))
    with (folder / "totalsegmentator_labels.csv").open() as stream:
        numbers = {row["structure"]: (int(row["id"]),) for row in csv.DictReader(stream)}
    labels = Labels(voxels=voxels.astype(np.uint8), numbers=numbers, method="TotalSegmentator, as published")
    return volume, labels, judge(volume, labels)


def test_a_scan_with_410_hu_in_the_aorta_is_unfit_for_liver_fat_and_calcium(scan: Scan) -> None:
    fitness = scan[2]
    assert fitness.contrast == "enhanced"
    assert set(fitness.unfit) == {Use.LIVER_ATTENUATION, Use.CALCIUM}
    assert "aorta 410 HU" in fitness.unfit[Use.LIVER_ATTENUATION]


def test_volume_thin_share_and_percentile_are_those_of_the_reference(scan: Scan, shared_data: Path) -> None:
    kept = json.loads((shared_data / "ct" / "chest_ge_lidc0001" / "reference_measurements.json").read_text())["lung"]
    found = {one.key: one.value for one in MEASURE.measure(*scan)}
    assert found["lung_volume_ml"] == pytest.approx(kept["ml"], abs=0.1)
    assert found["laa950_percent"] == pytest.approx(kept["laa950_pct"], abs=0.01)
    assert found["perc15_hu"] == kept["p15"]


def test_the_8_mm_scan_is_unfit_for_what_is_small(shared_data: Path) -> None:
    volume, _ = read_path(shared_data / "ct" / "chest_siemens_lungdx_a0002" / "dicom.zip")
    empty = Labels(voxels=np.zeros(volume.hu.shape, np.uint8), numbers={}, method="none")
    unfit = judge(volume, empty).unfit
    assert {Use.CALCIUM, Use.NODULE_VOLUME, Use.LUNG_DENSITY} <= set(unfit)
    assert Use.LUNG_VOLUME not in unfit

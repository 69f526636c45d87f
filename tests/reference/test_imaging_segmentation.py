"""Do our organs agree with the automatic labels of the real scans? Dice, each floor a little below what was measured.

The labels are TotalSegmentator's own, not a reader's: this is agreement with another tool. LIDC-IDRI-0001 (CC BY 3.0)
with contrast, 2.5 mm; TotalSegmentator's test scans (Apache-2.0): native, 3 mm, and Siemens, JPEG 2000, with contrast.
All of them were looked at when the constants were chosen. `bench/slow/ct_segmentation.py` prints the figures.
"""

from pathlib import Path

import numpy as np
import pytest

from imaging.absent import Absent
from imaging.labels import Labels
from imaging.nifti import read_nifti
from imaging.segment.given import given
from imaging.segment.own import OWN
from imaging.segment.total import labels_from_totalsegmentator
from imaging.study import read_path
from imaging.volume import Volume
from tests.unit.imaging.segment_drawing import dice

pytestmark = pytest.mark.shared_data
LIDC = {
    "lungs": 0.975,
    "liver": 0.88,
    "spleen": 0.84,
    "aorta": 0.86,
    "heart": 0.76,
    "kidney_right": 0.9,
    "kidney_left": 0.89,
}
NATIVE = {"lungs": 0.95, "liver": 0.89, "spleen": 0.83, "aorta": 0.82, "kidney_left": 0.88}
SIEMENS = {"liver": 0.92, "spleen": 0.85, "aorta": 0.86}


def test_the_organs_of_lidc_0001_agree_with_its_labels(shared_data: Path) -> None:
    folder = shared_data / "ct" / "chest_ge_lidc0001"
    volume, _ = read_path(folder)
    table = folder / "totalsegmentator_labels.csv"
    _agrees(volume, folder / "totalsegmentator_labels.nii.gz", table, LIDC, ("T10", "T11", "T12", "L1", "L2"))


def test_the_organs_of_a_native_abdomen_agree_with_its_labels(shared_data: Path) -> None:
    folder = shared_data / "ct" / "organs_totalseg"
    _agrees(
        read_nifti(folder / "example_ct_sm.nii.gz"), folder / "example_seg.nii.gz", None, NATIVE, ("T12", "L1", "L2")
    )


def test_the_organs_of_a_siemens_abdomen_agree_with_its_labels(shared_data: Path) -> None:
    folder = shared_data / "ct" / "organs_totalseg"
    volume, _ = read_path(folder / "dicom_siemens_j2k")
    ours = _agrees(volume, folder / "example_seg_dicom.nii.gz", None, SIEMENS)
    level = ours.mask("vertebrae_T12")  # the scan ends beside the lowest ribs
    assert isinstance(level, Absent) and "pair of ribs" in level.reason


def test_no_organ_is_found_in_a_phantom(shared_data: Path) -> None:
    volume, _ = read_path(shared_data / "ct" / "calcium_qrm_canon")
    labels = OWN.segment(volume)
    for organ in ("lungs", "liver", "spleen", "aorta", "heart", "airways"):
        assert isinstance(labels.mask(organ), Absent), organ


def test_a_dissected_aorta_that_is_not_followed_is_absent_and_not_guessed(shared_data: Path) -> None:
    folder = shared_data / "ct" / "aorta_totalseg"
    volume = read_nifti(folder / "ct_cropped.nii.gz")
    found = OWN.segment(volume).mask("aorta")
    assert isinstance(found, Absent) and "round" in found.reason


def test_published_labels_have_the_volumes_that_their_numbers_give(shared_data: Path) -> None:
    folder = shared_data / "ct" / "organs_totalseg"
    volume = read_nifti(folder / "example_ct_sm.nii.gz")
    labels = labels_from_totalsegmentator(volume, folder / "example_seg.nii.gz")
    liver, aorta = labels.mask("liver"), labels.mask("aorta")
    assert not isinstance(liver, Absent) and not isinstance(aorta, Absent)
    assert float(volume.hu[liver].mean()) == pytest.approx(45, abs=3)  # README of the data: 45 HU
    assert float(liver.sum()) * 0.027 == pytest.approx(1043, abs=2)  # voxels of 27 mm3 with the number 5
    assert float(aorta.sum()) * 0.027 == pytest.approx(26, abs=1)


def test_the_liver_of_a_dicom_segmentation_lies_on_its_slices(shared_data: Path) -> None:
    folder = shared_data / "ct" / "dicom_seg_sr"
    volume, _ = read_path(folder / "ct-3slice")
    liver = given(volume, folder / "ct-3slice-liver-seg.dcm").mask("liver")
    assert not isinstance(liver, Absent)
    voxel_ml = float(np.prod(volume.spacing_mm)) / 1000
    assert liver.sum() * voxel_ml == pytest.approx(70.36, abs=0.01)  # as imaging.report measures the same file
    assert 30 < float(np.median(volume.hu[liver])) < 70  # native liver
    assert volume.hu[liver].std() < 0.8 * volume.hu[liver[::-1]].std()  # upside down it would take in other tissue


def _agrees(
    volume: Volume, path: Path, table: Path | None, floors: dict[str, float], levels: tuple[str, ...] = ()
) -> Labels:
    reference, ours = given(volume, path, table), OWN.segment(volume)
    for organ, floor in floors.items():
        theirs, found = reference.mask(organ), ours.mask(organ)
        assert not isinstance(theirs, Absent), organ
        assert not isinstance(found, Absent), (organ, found.reason)
        assert dice(found, theirs) > floor, organ
    for level in levels:
        theirs, found = reference.mask(f"vertebrae_{level}"), ours.mask(f"vertebrae_{level}")
        assert not isinstance(theirs, Absent) and not isinstance(found, Absent), level
        assert (found & theirs).sum() > 0.8 * found.sum(), level
    return ours

"""Labels from DICOM segmentations: frame by frame onto the scan they were drawn on."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.sr.codedict import codes

from imaging.absent import Absent
from imaging.errors import ForeignLabels
from imaging.segment.given import given
from imaging.volume import Provenance, Volume
from tests.unit.imaging.report_files import COLUMNS, FRAME_UID, ROWS, SPACING_MM, segmentation

SEGMENTS = ((1, "Liver", codes.SCT.Liver), (2, "Nodule 3", codes.SCT.Nodule))


def scan(frame: str | None = FRAME_UID, z: float = 30.0) -> Volume:
    affine = np.diag([SPACING_MM[2], SPACING_MM[1], SPACING_MM[0], 1.0])
    affine[:3, 3] = -10.0, -20.0, z
    hu = np.zeros((4, ROWS, COLUMNS), np.int16)
    return Volume(hu=hu, affine_lps=affine, provenance=Provenance(frame_of_reference_uid=frame))


def drawn() -> np.ndarray:
    planes = np.zeros((4, ROWS, COLUMNS, 2), np.uint8)
    planes[1:3, 2:7, 1:5, 0] = 1
    planes[2:4, 5:9, 3:6, 1] = 1  # overlaps the first
    return planes


@pytest.fixture
def seg(tmp_path: Path) -> Path:
    path = tmp_path / "seg.dcm"
    path.write_bytes(segmentation(drawn(), segments=SEGMENTS))
    return path


def test_segments_that_overlap_are_both_whole(seg: Path) -> None:
    labels = given(scan(), seg)
    for name, index in (("liver", 0), ("nodule_3", 1)):
        found = labels.mask(name)
        assert not isinstance(found, Absent), name
        assert np.array_equal(found, drawn()[..., index] > 0), name


def test_frames_lie_where_they_say_on_a_scan_that_begins_lower(seg: Path) -> None:
    labels = given(scan(z=30.0 - SPACING_MM[0]), seg)
    liver = labels.mask("liver")
    assert not isinstance(liver, Absent)
    assert np.array_equal(liver[1:], drawn()[:3, ..., 0] > 0)


def test_a_segmentation_of_another_frame_of_reference_is_refused(seg: Path) -> None:
    with pytest.raises(ForeignLabels, match="frame of reference"):
        given(scan(frame="1.2.3"), seg)

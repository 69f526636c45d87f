"""What segments measure: voxels times spacing, in the geometry of the frames."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from pydicom.uid import RLELossless

from imaging.errors import DamagedReport, UndecodablePixels
from imaging.report import Segment, Segmentation, read_report, read_segmentation
from tests.unit.imaging.report_files import COLUMNS, ROWS, SPACING_MM, saved, segmentation

VOXEL_ML = float(np.prod(SPACING_MM)) / 1000


def reading(content: bytes) -> Segmentation:
    return read_segmentation(io.BytesIO(content))


def only_segment(content: bytes) -> Segment:
    (found,) = reading(content).segments
    return found


def block(value: Any = True, dtype: Any = bool) -> NDArray[Any]:
    """Four slices with a block of 2 x 3 x 3 voxels in the middle two."""
    planes = np.zeros((4, ROWS, COLUMNS), dtype)
    planes[1:3, 2:5, 3:6] = value
    return planes


def changed(content: bytes, **more: Any) -> bytes:
    dataset = dcmread(io.BytesIO(content))
    for keyword, value in more.items():
        setattr(dataset, keyword, value)
    return saved(dataset)


def test_a_volume_is_voxels_times_spacing() -> None:
    found = only_segment(segmentation(block()))
    assert found.volume_ml == pytest.approx(18 * VOXEL_ML, rel=1e-9)
    assert (found.label, found.kind and found.kind.meaning, found.algorithm_type) == ("liver", "Liver", "MANUAL")


def test_the_box_goes_to_the_outer_faces_of_the_voxels() -> None:
    found = only_segment(segmentation(block()))
    assert found.box_lps_mm is not None
    low, high = found.box_lps_mm
    assert low == pytest.approx((-10 + 2.5 * 0.8, -20 + 1.5 * 0.5, 30 + 0.5 * 2.5))
    assert high == pytest.approx((-10 + 5.5 * 0.8, -20 + 4.5 * 0.5, 30 + 2.5 * 2.5))


def test_frames_left_out_because_they_are_empty_change_nothing() -> None:
    whole, sparse = (segmentation(block(), omit_empty_frames=omit) for omit in (False, True))
    assert only_segment(sparse).frames < only_segment(whole).frames
    assert only_segment(sparse).volume_ml == pytest.approx(only_segment(whole).volume_ml)


def test_segments_may_overlap() -> None:
    planes = np.stack([block(), np.ones((4, ROWS, COLUMNS), bool)], axis=-1)
    named = [(1, "a", codes.SCT.Nodule), (2, "b", codes.SCT.Lung)]
    small, large = reading(segmentation(planes, segments=named)).segments
    assert small.volume_ml == pytest.approx(18 * VOXEL_ML)
    assert large.volume_ml == pytest.approx(4 * ROWS * COLUMNS * VOXEL_ML)


def test_occupancy_counts_each_voxel_by_its_share() -> None:
    found = reading(segmentation(block(0.4, np.float32), "FRACTIONAL", fractional_type="OCCUPANCY"))
    assert found.kind == "occupancy"
    assert found.segments[0].volume_ml == pytest.approx(18 * 0.4 * VOXEL_ML, rel=0.01)


@pytest.mark.parametrize(("probability", "voxels"), [(0.4, None), (0.6, 18)])
def test_a_probable_voxel_counts_whole_from_one_half_on(probability: float, voxels: int | None) -> None:
    found = only_segment(segmentation(block(probability, np.float32), "FRACTIONAL", fractional_type="PROBABILITY"))
    assert found.volume_ml == (None if voxels is None else pytest.approx(voxels * VOXEL_ML))
    assert "probable" in found.method


def test_a_label_map_has_one_frame_for_all_segments() -> None:
    planes = block(1, np.uint8)
    planes[0, 0, 0] = 2
    named = [(1, "a", codes.SCT.Nodule), (2, "b", codes.SCT.Lung)]
    found = reading(segmentation(planes, "LABELMAP", segments=named))
    assert found.kind == "labelmap"
    assert [each.volume_ml for each in found.segments] == [pytest.approx(18 * VOXEL_ML), pytest.approx(VOXEL_ML)]


def test_compressed_frames_are_unpacked() -> None:
    content = segmentation(
        block(1.0, np.float32), "FRACTIONAL", fractional_type="OCCUPANCY", transfer_syntax_uid=RLELossless
    )
    assert only_segment(content).volume_ml == pytest.approx(18 * VOXEL_ML)


def test_the_distance_of_planes_is_taken_where_slices_are_thicker() -> None:
    dataset = dcmread(io.BytesIO(segmentation(block())))
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    del measures.SpacingBetweenSlices
    measures.SliceThickness = 5.0
    assert only_segment(saved(dataset)).volume_ml == pytest.approx(18 * VOXEL_ML)


def test_a_stated_distance_larger_than_that_of_the_planes_is_not_believed() -> None:
    dataset = dcmread(io.BytesIO(segmentation(block())))
    dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = 25.0
    assert only_segment(saved(dataset)).volume_ml == pytest.approx(18 * VOXEL_ML)


def _at_one_place(dataset: Any) -> None:
    for each in dataset.PerFrameFunctionalGroupsSequence:
        each.PlanePositionSequence[0].ImagePositionPatient = [0, 0, 0]


def _nowhere(dataset: Any) -> None:
    for each in dataset.PerFrameFunctionalGroupsSequence:
        del each.PlanePositionSequence


def _unscaled(dataset: Any) -> None:
    del dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing


def _turned(dataset: Any) -> None:
    del dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    for index, each in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        turned = Dataset()
        turned.ImageOrientationPatient = [1, 0, 0, 0, 1, 0] if index else [0, 1, 0, 1, 0, 0]
        each.PlaneOrientationSequence = [turned]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_at_one_place, "several frames of the segment lie at one place"),
        (_nowhere, "the frames have no place in the patient"),
        (_unscaled, "the pixel spacing is not stated"),
        (_turned, "the frames are not parallel"),
    ],
)
def test_no_volume_is_told_where_the_geometry_is_not_known(spoil: Any, reason: str) -> None:
    dataset = dcmread(io.BytesIO(segmentation(block())))
    spoil(dataset)
    found = only_segment(saved(dataset))
    assert (found.volume_ml, found.why_no_volume) == (None, reason)


def test_an_empty_segment_has_no_volume_rather_than_none_at_all() -> None:
    named = [(1, "a", codes.SCT.Nodule), (2, "b", codes.SCT.Lung)]
    planes = np.stack([block(), block(False)], axis=-1)
    empty = reading(segmentation(planes, segments=named)).segments[1]
    assert (empty.volume_ml, empty.why_no_volume) == (None, "no frame holds this segment")


def test_missing_frames_are_refused() -> None:
    with pytest.raises(DamagedReport, match="9 frames are announced, 2 are described"):
        reading(changed(segmentation(block()), NumberOfFrames=9))


def test_too_few_pixels_are_refused() -> None:
    with pytest.raises(DamagedReport, match="fewer pixels"):
        reading(changed(segmentation(block()), PixelData=b"\x00\x00"))


def test_a_segmentation_without_pixels_is_refused() -> None:
    dataset = dcmread(io.BytesIO(segmentation(block())))
    del dataset.PixelData
    with pytest.raises(UndecodablePixels):
        reading(saved(dataset))


@pytest.mark.parametrize("size", [0, 65535])
def test_an_impossible_frame_is_refused_before_it_is_made(size: int) -> None:
    with pytest.raises(DamagedReport):
        reading(changed(segmentation(block()), Rows=size, Columns=size))


@pytest.mark.shared_data
def test_a_segment_has_the_volume_that_its_own_report_states(shared_data: Path) -> None:
    folder = shared_data / "ct" / "dicom_seg_sr"
    (tumour,) = reading((folder / "seg.dcm").read_bytes()).segments
    with (folder / "sr.dcm").open("rb") as file:
        (group,) = read_report(file).groups
    (stated,) = [each.value.text for each in group.measurements if each.concept.snomed_ct == "118565006"]
    assert stated is not None
    assert tumour.volume_ml == pytest.approx(float(stated), rel=1e-5)


@pytest.mark.shared_data
def test_overlapping_segments_of_another_system_are_all_measured(shared_data: Path) -> None:
    folder = shared_data / "ct" / "dicom_seg_sr"
    names = ("ct-3slice-liver-seg.dcm", "partial_overlaps-seg.dcm", "seg.dcm")
    found = [reading((folder / name).read_bytes()) for name in names]
    assert [len(each.segments) for each in found] == [1, 5, 1]
    assert all(one.volume_ml and one.volume_ml > 0 for each in found for one in each.segments)

"""Which parts of the body did another system outline, and how large are they? DICOM segmentations, frame by frame.

Source: DICOM PS3.3 A.51 and C.8.20 (segmentation), C.7.6.16 (functional groups). Only one frame's groups and one
frame's pixels are held at a time.
"""

from dataclasses import dataclass
from typing import BinaryIO

from pydicom import Dataset
from pydicom.filereader import read_dataset

from imaging import header
from imaging.archive import LIMITS
from imaging.errors import DamagedReport, NotAReport, ProtectedReport, TooLarge
from imaging.report.code import Code, code_of, scheme_uids
from imaging.report.file import Opened, damage_named, open_report
from imaging.report.frames import Frame, frames_of
from imaging.report.masks import Kind, masks
from imaging.report.measured import Extent, Point, Size, measured
from imaging.report.origin import Origin, origin_of
from imaging.report.survey import FRAMES, Layout, survey
from imaging.sop_class import READ_SEGMENTATIONS, kind_name

MAX_UNPACKED_BYTES = 256 * 2**20  # of a deflated file, which is unpacked in memory
MAX_ELEMENTS = 10_000_000  # 100,000 frames and more; they are read one by one


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """One outlined thing, with its size; `volume_ml` is None where it can't be told, for the reason beside it."""

    number: int
    label: str
    description: str
    category: Code | None
    kind: Code | None
    region: Code | None
    algorithm_type: str
    algorithm_name: str
    tracking_id: str
    tracking_uid: str
    frames: int
    volume_ml: float | None
    why_no_volume: str
    method: str
    box_lps_mm: tuple[Point, Point] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Segmentation:
    """A segmentation: where it comes from, its geometry, and its segments in the order of the file."""

    origin: Origin
    label: str
    kind: Kind
    frame_of_reference_uid: str
    rows: int
    columns: int
    spacing_mm: tuple[float, float, float] | None
    """Distance of slices, rows and columns; None where frames differ or it is not stated."""
    series_uids: tuple[str, ...]
    image_uids: tuple[str, ...]
    segments: tuple[Segment, ...]


def read_segmentation(file: BinaryIO) -> Segmentation:
    """Return the segmentation in a DICOM file.

    Raises: NotAReport (naming what it is), ProtectedReport, DamagedReport, TooLarge.
    """
    with damage_named():
        return _segmentation(*surveyed(file))


def surveyed(file: BinaryIO) -> tuple[Dataset, Opened, Layout]:
    """Return the header of a segmentation, its data set, and where the frames and pixels lie in it.

    Raises: as `read_segmentation`; to be called within `damage_named`.
    """
    opened = open_report(file, MAX_UNPACKED_BYTES)
    if opened.sop_class_uid not in READ_SEGMENTATIONS:
        name = kind_name(opened.sop_class_uid) or "an object of no kind"
        raise NotAReport(f"{name} is not read as a segmentation")
    layout = survey(opened, MAX_ELEMENTS)
    opened.stream.seek(opened.begins_at)
    dataset = read_dataset(
        opened.stream, layout.is_implicit, opened.is_little_endian, stop_when=lambda tag, vr, size: tag >= FRAMES
    )
    if "SegmentSequence" not in dataset:
        if "EncryptedAttributesSequence" in dataset:
            raise ProtectedReport()
        raise DamagedReport("a segmentation without segments")
    return dataset, opened, layout


def frames_within_limits(dataset: Dataset, opened: Opened, layout: Layout) -> list[Frame]:
    """Return the frames, as many as are announced.

    Raises: DamagedReport, TooLarge.
    """
    rows, columns = (int(header.number(dataset, name) or 0) for name in ("Rows", "Columns"))
    if not 0 < rows * columns <= LIMITS.pixels_per_slice:
        raise DamagedReport(f"frames of {rows} x {columns} pixels")
    frames = frames_of(dataset, opened, layout)
    count = int(header.number(dataset, "NumberOfFrames") or 1)
    if count != len(frames):
        raise DamagedReport(f"{count} frames are announced, {len(frames)} are described")
    if count * rows * columns > LIMITS.voxels:
        raise TooLarge(f"{count} frames of {rows} x {columns} pixels")
    return frames


def _segmentation(dataset: Dataset, opened: Opened, layout: Layout) -> Segmentation:
    kind = kind_of(dataset)
    frames = frames_within_limits(dataset, opened, layout)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    sizes = measured(frames, masks(dataset, opened, layout, kind, frames), rows, columns)
    schemes = scheme_uids(dataset)
    return Segmentation(
        origin=origin_of(dataset, opened.sop_class_uid),
        label=header.text(dataset, "ContentLabel") or "",
        kind=kind,
        frame_of_reference_uid=header.text(dataset, "FrameOfReferenceUID") or "",
        rows=rows,
        columns=columns,
        spacing_mm=sizes.spacing_mm,
        series_uids=tuple(
            header.text(each, "SeriesInstanceUID") or "" for each in dataset.get("ReferencedSeriesSequence") or ()
        ),
        image_uids=_images(dataset),
        segments=tuple(
            _segment(each, sizes, kind, schemes) for each in dataset.SegmentSequence if not _is_background(each, kind)
        ),
    )


def kind_of(dataset: Dataset) -> Kind:
    """Return what the stored pixels mean (PS3.3 C.8.20.2)."""
    stated = header.text(dataset, "SegmentationType")
    if stated == "FRACTIONAL":
        return "occupancy" if header.text(dataset, "SegmentationFractionalType") == "OCCUPANCY" else "probability"
    if stated == "LABELMAP":
        return "labelmap"
    if stated == "BINARY":
        return "binary"
    raise DamagedReport("a segmentation of an unknown type")


def _segment(item: Dataset, sizes: Size, kind: Kind, schemes: dict[str, str]) -> Segment:
    number = int(header.number(item, "SegmentNumber") or 0)
    extent = sizes.segments.get(number, Extent())
    volume_ml, why = sizes.volume_ml(number)
    return Segment(
        number=number,
        label=header.text(item, "SegmentLabel") or "",
        description=header.text(item, "SegmentDescription") or "",
        category=code_of(item, "SegmentedPropertyCategoryCodeSequence", schemes),
        kind=code_of(item, "SegmentedPropertyTypeCodeSequence", schemes),
        region=code_of(item, "AnatomicRegionSequence", schemes),
        algorithm_type=header.text(item, "SegmentAlgorithmType") or "",
        algorithm_name=header.text(item, "SegmentAlgorithmName") or "",
        tracking_id=header.text(item, "TrackingID") or "",
        tracking_uid=header.text(item, "TrackingUID") or "",
        frames=extent.frames,
        volume_ml=volume_ml,
        why_no_volume=why,
        method=_METHODS[kind],
        box_lps_mm=extent.box,
    )


_METHODS: dict[Kind, str] = {
    "binary": "voxels in the segment x their volume",
    "labelmap": "voxels in the segment x their volume",
    "occupancy": "share of each voxel in the segment x its volume",
    "probability": "voxels at least half probable x their volume",
}


def _is_background(item: Dataset, kind: Kind) -> bool:
    """Number 0 of a label map is what belongs to no segment (PS3.3 C.8.20.2)."""
    return kind == "labelmap" and header.number(item, "SegmentNumber") == 0


def _images(dataset: Dataset) -> tuple[str, ...]:
    return tuple(
        header.text(each, "ReferencedSOPInstanceUID") or ""
        for series in dataset.get("ReferencedSeriesSequence") or ()
        for each in series.get("ReferencedInstanceSequence") or ()
    )

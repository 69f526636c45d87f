"""Of which segment is each frame of a segmentation, and where does it lie?

Source: DICOM PS3.3 C.7.6.16.2.1-4 (measures and place of a plane), C.8.20.3.1 (segment identification).
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from math import isfinite

from pydicom import Dataset
from pydicom.filereader import read_sequence_item

from imaging import header
from imaging.errors import DamagedReport
from imaging.report.file import Opened
from imaging.report.survey import Layout

Numbers = tuple[float, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One frame: `segment` None in a label map; geometry None where it is not stated (all LPS, mm)."""

    segment: int | None
    position: Numbers | None
    orientation: Numbers | None
    pixel_spacing: Numbers | None
    slice_spacing: float | None
    thickness: float | None


def frames_of(dataset: Dataset, opened: Opened, layout: Layout) -> list[Frame]:
    """Return the frames in their order; what all share stands for what one does not say.

    Raises: DamagedReport when no frame is described.
    """
    shared_items = dataset.get("SharedFunctionalGroupsSequence") or [Dataset()]
    shared = _frame(shared_items[0], _frame(dataset, None))
    if layout.frames is None:
        raise DamagedReport("a segmentation without frames")
    return [_frame(each, shared) for each in _items(opened, layout)]


def _items(opened: Opened, layout: Layout) -> Iterator[Dataset]:
    """Yield the functional groups of one frame after the other, none of them kept."""
    assert layout.frames is not None
    stream, length = opened.stream, layout.frames.length
    stream.seek(layout.frames.begins_at)
    end = None if length is None else layout.frames.begins_at + length
    while end is None or stream.tell() < end:
        item = read_sequence_item(stream, layout.is_implicit, opened.is_little_endian, "iso8859")
        if item is None:
            return
        yield item


def _frame(groups: Dataset, shared: Frame | None) -> Frame:
    measures = _first(groups, "PixelMeasuresSequence")
    segment = header.number(_first(groups, "SegmentIdentificationSequence"), "ReferencedSegmentNumber")
    stated = Frame(
        segment=None if segment is None else int(segment),
        position=_numbers(_first(groups, "PlanePositionSequence"), "ImagePositionPatient", 3),
        orientation=_numbers(_first(groups, "PlaneOrientationSequence"), "ImageOrientationPatient", 6),
        pixel_spacing=_numbers(measures, "PixelSpacing", 2),
        slice_spacing=header.number(measures, "SpacingBetweenSlices"),
        thickness=header.number(measures, "SliceThickness"),
    )
    if shared is None:
        return stated
    silent = {each.name: getattr(shared, each.name) for each in fields(Frame) if getattr(stated, each.name) is None}
    return replace(stated, **silent)


def _first(groups: Dataset, keyword: str) -> Dataset:
    items = groups.get(keyword)
    return items[0] if items else Dataset()


def _numbers(item: Dataset, keyword: str, count: int) -> Numbers | None:
    try:
        values = tuple(float(one) for one in item.get(keyword) or ())
    except (TypeError, ValueError):
        return None
    return values if len(values) == count and all(isfinite(one) and abs(one) < 1e6 for one in values) else None

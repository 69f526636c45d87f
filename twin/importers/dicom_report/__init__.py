"""DICOM structured reports and segmentations of other systems: one item a measurement group, one a segment.

`imaging.report` reads the files; here their groups and segments become facts, as received: coded by the source's own
codes, timed by the study they are about, known since the report was made.
"""

from collections.abc import Iterator

from imaging.sop_class import is_report
from twin.importers.base import Context, Importer, Item
from twin.importers.content import Content
from twin.importers.dicom_report.text import beginning_of, is_text


def recognises(head: bytes, name: str) -> bool:
    """Say whether a file is a DICOM report or segmentation, or the text form of one."""
    return is_report(beginning_of(head) if is_text(head) else head)


def read_items(content: Content, context: Context) -> Iterator[Item]:
    """Yield the patient, then one item a measurement group or segment, then what is not used.

    Raises: UnreadableInput or TooLarge where the file as a whole can't be read.
    """
    from twin.importers.dicom_report import reading  # pydicom and scipy, which no process loads that reads no report

    yield from reading.items(content, context)


IMPORTER = Importer(
    key="dicom_report",
    title="DICOM structured report (TID 1500) or segmentation",
    recognises=recognises,
    read=read_items,
)

"""What does a DICOM report or segmentation say of the patient? Its items, in the order of the file."""

import hashlib
from collections.abc import Iterator

from imaging import report
from imaging.errors import ImagingError
from imaging.errors import TooLarge as TooLargeFile
from twin.errors import TooLarge, UnreadableInput
from twin.importers.base import Context, Item
from twin.importers.content import Content
from twin.importers.dicom_report import groups, segments
from twin.importers.dicom_report.patient import patient_item
from twin.importers.dicom_report.source import File
from twin.importers.dicom_report.text import file_of, is_text, text_of

MAX_KEPT_BYTES = 16 * 2**20  # a larger file (a segmentation of a whole body) is not copied into the quarantine


def items(content: Content, context: Context) -> Iterator[Item]:
    """Yield the patient, then one item a measurement group or segment, then what is not used.

    Raises: UnreadableInput or TooLarge where the file as a whole can't be read.
    """
    content = _as_file(content)
    kind = report.sop_class_uid(content.head)
    if not report.is_read(kind):
        yield _not_used(content, report.kind_name(kind) or "an object of no kind")
        return
    try:
        with content.open() as stream:
            read = report.read_segmentation(stream) if kind in report.READ_SEGMENTATIONS else report.read_report(stream)
    except TooLargeFile as error:
        raise TooLarge(str(error)) from error
    except ImagingError as error:
        raise UnreadableInput(str(error)) from error
    body = text_of(content.read(MAX_KEPT_BYTES)) if content.size <= MAX_KEPT_BYTES else ""
    file = File(origin=read.origin, body=body, zone=context.zone)
    whose = patient_item(file)
    if whose is not None:
        yield whose
    if isinstance(read, report.Segmentation):
        yield from segments.items(read, file)
    else:
        yield from groups.items(read, file)


def _as_file(content: Content) -> Content:
    if not is_text(content.head):
        return content
    file = file_of(content.read(MAX_KEPT_BYTES * 2))
    if file is None:
        raise UnreadableInput("not the text form of a DICOM file")
    return Content.of(file, content.name)


def _not_used(content: Content, kind: str) -> Item:
    return Item(
        key=f"dicom/{content.sha256}",
        fingerprint=hashlib.sha256(kind.encode()).hexdigest(),
        kind=kind,
        where="(0002,0002)",
        not_used=f"{kind} is not used by the twin",
    )

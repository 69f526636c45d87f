"""DICOM structured reports and segmentations of other systems: one item a measurement group, one a segment.

`imaging.report` reads the files; here their groups and segments become facts, as received: coded by the source's own
codes, timed by the study they are about, known since the report was made.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator

from imaging import report
from imaging.errors import ImagingError
from imaging.errors import TooLarge as TooLargeFile
from twin.errors import TooLarge, UnreadableInput
from twin.importers.base import Context, Importer, Item
from twin.importers.content import Content
from twin.importers.dicom_report import groups, segments
from twin.importers.dicom_report.patient import patient_item
from twin.importers.dicom_report.source import File

AS_TEXT = "data:application/dicom;base64,"
"""How a DICOM file stands in the text of a quarantined item (RFC 2397); such a text is read like the file itself."""
MAX_KEPT_BYTES = 16 * 2**20  # a larger file (a segmentation of a whole body) is not copied into the quarantine


def recognises(head: bytes, name: str) -> bool:
    """Say whether a file is a DICOM report or segmentation, or the text form of one."""
    if head.startswith(AS_TEXT.encode()):
        text = head[len(AS_TEXT) :]
        head = _decoded(text[: len(text) // 4 * 4]) or b""
    return report.is_report(head)


def read_items(content: Content, context: Context) -> Iterator[Item]:
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
    file = File(origin=read.origin, body=_text(content), zone=context.zone)
    whose = patient_item(file)
    if whose is not None:
        yield whose
    if isinstance(read, report.Segmentation):
        yield from segments.items(read, file)
    else:
        yield from groups.items(read, file)


def _as_file(content: Content) -> Content:
    if not content.head.startswith(AS_TEXT.encode()):
        return content
    decoded = _decoded(content.read(MAX_KEPT_BYTES * 2)[len(AS_TEXT) :])
    if decoded is None:
        raise UnreadableInput("not the text form of a DICOM file")
    return Content.of(decoded, content.name)


def _decoded(text: bytes) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _text(content: Content) -> str:
    if content.size > MAX_KEPT_BYTES:
        return ""
    return AS_TEXT + base64.b64encode(content.read(MAX_KEPT_BYTES)).decode("ascii")


def _not_used(content: Content, kind: str) -> Item:
    return Item(
        key=f"dicom/{content.sha256}",
        fingerprint=hashlib.sha256(kind.encode()).hexdigest(),
        kind=kind,
        where="(0002,0002)",
        not_used=f"{kind} is not used by the twin",
    )


IMPORTER = Importer(
    key="dicom_report",
    title="DICOM structured report (TID 1500) or segmentation",
    recognises=recognises,
    read=read_items,
)

"""What must be known of one DICOM file to keep it: who and what it says it is, and a hash of its content.

Source: PS3.3 C.7 (patient, study, series), PS3.10 7 (file meta information), PS3.18 F.2 (DICOM JSON).
"""

import hashlib
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.errors import BytesLengthException, InvalidDicomError

from imaging import header
from imaging.archive import LIMITS
from imaging.errors import BadHeader, NoImages, TooLarge, UndecodablePixels
from imaging.instance import Instance, is_dicom
from imaging.sop_class import is_report, meta_of

DIRECTORY = "1.2.840.10008.1.3.10"  # DICOMDIR, the table of contents of a CD (PS3.10 8.6)
STUDY_TAGS = (
    "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyDescription", "PatientName",
    "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID",
)  # fmt: skip
SERIES_TAGS = (
    "Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber", "SeriesDate", "SeriesTime",
    "BodyPartExamined", "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime",
)  # fmt: skip
DAMAGE = (BytesLengthException, InvalidDicomError, EOFError, ValueError, KeyError, IndexError, AttributeError,
          TypeError, OSError, NotImplementedError, RuntimeError, OverflowError, struct.error, zlib.error)  # fmt: skip
_HEAD_BYTES = 1 << 16  # file meta information is some hundred bytes
_DEFLATED = "1.2.840.10008.1.2.1.99"
_BULK_BYTES = 1024  # longer binary values are left out of metadata; pixels always are
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_LONGEST_UID = 64  # PS3.5 9.1


def read_instance(path: Path) -> Instance:
    """Return what a file says of itself; its pixels are not decoded.

    Raises:
        NoImages: it is no DICOM object, or a directory of some.
        BadHeader: damaged, cut short, or without what is needed.
        TooLarge: a deflated data set that unpacks to more than a slice can hold.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if not is_dicom(head):
            raise NoImages("this is no DICOM file")
        meta, begins_at = meta_of(head)
    content = _hash(path, begins_at if head[128:132] == b"DICM" else 0)
    found = _dataset(path)
    if str(found.get("SOPClassUID") or "") == DIRECTORY or meta.get(0x0002) == DIRECTORY:
        raise NoImages("this is a directory of images (DICOMDIR)")
    said = header.provenance([found], None)
    sop_class = header.text(found, "SOPClassUID") or meta.get(0x0002, "")
    return Instance(
        sop_instance_uid=_uid(found, "SOPInstanceUID"), sop_class_uid=sop_class,
        transfer_syntax_uid=meta.get(0x0010, "1.2.840.10008.1.2"), content_sha256=content,
        modality=header.text(found, "Modality"), is_report=is_report(head),
        instance_number=_whole(found, "InstanceNumber"), rows=_whole(found, "Rows"),
        columns=_whole(found, "Columns"), frames=_whole(found, "NumberOfFrames"),
        issuer=header.text(found, "IssuerOfPatientID"), said=said,
        tags=_json(found, (*STUDY_TAGS, *SERIES_TAGS)),
    )  # fmt: skip


def metadata(path: Path) -> dict[str, Any]:
    """Return the whole header as DICOM JSON (PS3.18 F.2), without pixels and other bulk data.

    Raises: BadHeader, TooLarge.
    """
    found = _dataset(path)
    try:
        for element in [each for each in found if each.VR in _BINARY and len(each.value or b"") > _BULK_BYTES]:
            del found[element.tag]
        return found.to_json_dict(suppress_invalid_tags=True)
    except DAMAGE as error:
        raise BadHeader(f"the header cannot be told ({type(error).__name__})") from None


def refuse_bomb(path: Path) -> None:
    """Count what a deflated data set (PS3.5 A.5) unpacks to before anything unpacks it in one piece.

    Raises: TooLarge.
    """
    with path.open("rb") as file:
        meta, begins_at = meta_of(file.read(_HEAD_BYTES))
        if meta.get(0x0010) != _DEFLATED:
            return
        file.seek(begins_at)
        unpacker, left = zlib.decompressobj(-zlib.MAX_WBITS), 4 * LIMITS.pixels_per_slice
        packed = file.read()
        while packed and not unpacker.eof:
            try:
                left -= len(unpacker.decompress(packed, 1 << 20))
            except zlib.error:
                raise BadHeader("the deflated data set is damaged") from None
            packed = unpacker.unconsumed_tail
            if left < 0:
                raise TooLarge("the file unpacks to more than one slice can hold")


def _dataset(path: Path) -> Dataset:
    refuse_bomb(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities of fields we do not use
            found = dcmread(path, stop_before_pixels=True, force=True)
            for keyword in (*header.TAGS, *STUDY_TAGS, *SERIES_TAGS):
                found.get(keyword)  # values are parsed when first looked at: a broken one is to fail here
    except DAMAGE as error:
        raise BadHeader(f"the header is damaged or cut short ({type(error).__name__})") from None
    if not len(found):
        raise UndecodablePixels("the file holds no data set")
    return found


def _json(found: Dataset, keywords: tuple[str, ...]) -> dict[str, Any]:
    some = Dataset()
    for keyword in keywords:
        if keyword in found:
            some.add(found[keyword])
    try:
        told: dict[str, Any] = some.to_json_dict(suppress_invalid_tags=True)
    except DAMAGE:
        return {}
    return told


def _uid(found: Dataset, keyword: str) -> str:
    uid = header.text(found, keyword) or ""
    if len(uid) > _LONGEST_UID or not all(letter.isdigit() or letter == "." for letter in uid):
        raise BadHeader(f"the tag {keyword} holds no UID")
    return uid


def _whole(found: Dataset, keyword: str) -> int | None:
    value = header.number(found, keyword)
    return None if value is None or not -(2**31) <= value < 2**31 else int(value)


def _hash(path: Path, begins_at: int) -> str:
    with path.open("rb") as file:
        file.seek(begins_at)
        return hashlib.file_digest(file, "sha256").hexdigest()

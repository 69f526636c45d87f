"""What do the tags of a DICOM image say? Plain values out of a header, `None` where it says nothing.

A header is anything with `get(keyword)`, so that this file needs no DICOM library.
"""

from collections.abc import Sequence
from datetime import date, datetime
from math import isfinite
from typing import Any, Protocol

from imaging.errors import BadHeader
from imaging.volume import Provenance

TAGS = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality", "ImageType",
    "StudyDate", "StudyTime", "SeriesDate", "SeriesTime", "AccessionNumber", "Manufacturer",
    "ManufacturerModelName", "ConvolutionKernel", "KVP", "SliceThickness", "ContrastBolusAgent",
    "StudyDescription", "SeriesDescription", "BodyPartExamined", "PatientID", "PatientName", "PatientBirthDate",
    "PatientSex", "FrameOfReferenceUID", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
    "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "GantryDetectorTilt",
    "ContrastBolusAgentSequence", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
    "ConcatenationUID", "InConcatenationNumber", "InConcatenationTotalNumber",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit",
    "RescaleIntercept", "RescaleSlope", "RescaleType", "ModalityLUTSequence", "LossyImageCompression",
)  # fmt: skip
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"  # and its multi-frame kinds .7.1 to .7.4


class Header(Protocol):
    """A data set of DICOM attributes, read by keyword (PS3.6)."""

    def get(self, key: str, default: Any = None, /) -> Any:  # Any: DICOM values are of many types
        """Return the value of a keyword."""

    def __contains__(self, key: str, /) -> bool:
        """Say whether the keyword is there."""


def text(header: Header, keyword: str) -> str | None:
    """Return the value as text, several joined by a backslash as DICOM writes them; None when empty."""
    value = header.get(keyword)
    if value is None:
        return None
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = "\\".join(str(one) for one in value)
    return str(value).strip() or None


def number(header: Header, keyword: str) -> float | None:
    """Return the value as a number, None when absent, not a number, or not finite."""
    try:
        value = float(header.get(keyword))
    except (TypeError, ValueError):
        return None
    return value if isfinite(value) else None


def numbers(header: Header, keyword: str, count: int) -> list[float]:
    """Return `count` finite numbers.

    Raises: BadHeader when they are missing, of another count, or not numbers.
    """
    try:
        values = [float(one) for one in header.get(keyword)]
    except (TypeError, ValueError):
        raise BadHeader(f"the tag {keyword} is missing or not a number") from None
    if len(values) != count or not all(abs(one) < 1e6 for one in values):  # NaN fails too; 1 km is no patient
        raise BadHeader(f"the tag {keyword} does not hold {count} possible numbers")
    return values


def day(header: Header, keyword: str) -> date | None:
    """Return a DA value (YYYYMMDD, PS3.5 6.2) as a date; None when absent or impossible."""
    try:
        return datetime.strptime(text(header, keyword) or "", "%Y%m%d").date()
    except ValueError:
        return None


def moment(header: Header, date_keyword: str, time_keyword: str) -> datetime | None:
    """Return DA and TM as local time of the scanner, midnight when the time is absent; None without a date."""
    on = day(header, date_keyword)
    if on is None:
        return None
    digits = (text(header, time_keyword) or "").partition(".")[0].ljust(6, "0")
    try:
        return datetime.combine(on, datetime.strptime(digits, "%H%M%S").time())
    except ValueError:
        return datetime(on.year, on.month, on.day)


def not_a_slice(header: Header) -> str | None:
    """Return what the image is when it belongs to no volume, None for a slice.

    Source: DICOM PS3.3 C.8.2.1.1.1 (scout views), C.8.6 (secondary capture), C.7.6.3.1.2 (colour).
    """
    kind = (text(header, "ImageType") or "").upper()
    if "LOCALIZER" in kind:
        return "localiser"
    if (text(header, "SOPClassUID") or "").startswith(SECONDARY_CAPTURE) or "SCREEN SAVE" in kind or "DOSE" in kind:
        return "screen capture or report page"
    if (number(header, "SamplesPerPixel") or 1) != 1 or text(header, "PhotometricInterpretation") == "RGB":
        return "colour picture"
    return None


def is_localiser(header: Header) -> bool:
    """Say whether the image belongs to no volume: a scout view, a report page, a picture of a screen."""
    return not_a_slice(header) is not None


def provenance(headers: Sequence[Header], transfer_syntax_uid: str | None, files: int = 0) -> Provenance:
    """Return what the series says of itself, from its first slice and all instance UIDs in order."""
    first = headers[0]
    return Provenance(
        patient_id=text(first, "PatientID"),
        patient_name=text(first, "PatientName"),
        patient_birth_date=day(first, "PatientBirthDate"),
        patient_sex=text(first, "PatientSex"),
        study_uid=text(first, "StudyInstanceUID"),
        series_uid=text(first, "SeriesInstanceUID"),
        study_at=moment(first, "StudyDate", "StudyTime"),
        series_at=moment(first, "SeriesDate", "SeriesTime"),
        accession_number=text(first, "AccessionNumber"),
        modality=text(first, "Modality") or "CT",
        manufacturer=text(first, "Manufacturer"),
        model=text(first, "ManufacturerModelName"),
        kernel=text(first, "ConvolutionKernel"),
        kvp=number(first, "KVP"),
        slice_thickness_mm=number(first, "SliceThickness"),
        contrast_agent=text(first, "ContrastBolusAgent"),
        description=text(first, "SeriesDescription") or text(first, "StudyDescription"),
        body_part=text(first, "BodyPartExamined"),
        frame_of_reference_uid=text(first, "FrameOfReferenceUID"),
        transfer_syntax_uid=transfer_syntax_uid,
        files=files or len(headers),  # of an enhanced CT one file holds many slices
        sop_uids=tuple(dict.fromkeys(text(header, "SOPInstanceUID") or "" for header in headers)),
    )

"""Which images does a result speak about? Their headers, and what every object written here says of its maker."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from pydicom import Dataset, dcmread

from imaging import header
from imaging.archive import SourceFile
from imaging.errors import MixedSeries, NotAVolume

MAKER = "patient-twin"
MODEL = "patient-twin imaging"
SCHEME = "99PTWIN"  # our own keys as codes: private schemes begin with 99 (DICOM PS3.16 8.2)
_ASKED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")


@dataclass(frozen=True, kw_only=True)
class Source:
    """The headers, without pixels, of the images of one series, in the order of their places."""

    headers: tuple[Dataset, ...]

    @property
    def series_uid(self) -> str:
        """The series that the result speaks about."""
        return str(self.headers[0].SeriesInstanceUID)

    @property
    def frame_of_reference_uid(self) -> str:
        """The frame of reference in which its millimetres are."""
        return str(self.headers[0].FrameOfReferenceUID)


def source_of(files: Iterable[SourceFile]) -> Source:
    """Return the headers of the CT images among the files, each instance once.

    Raises: NotAVolume when there is none or one lacks the UIDs that a reference needs; MixedSeries.
    """
    found: dict[str, Dataset] = {}
    for file in files:
        with file.open() as stream:
            read = dcmread(stream, stop_before_pixels=True, force=True)
        if header.text(read, "Modality") != "CT" or header.is_localiser(read):
            continue
        if any(header.text(read, tag) is None for tag in _ASKED):
            raise NotAVolume("an image lacks the UIDs by which a result could refer to it")
        found.setdefault(str(read.SOPInstanceUID), read)
    if not found:
        raise NotAVolume("there is no CT image that a result could refer to")
    if len({str(each.SeriesInstanceUID) for each in found.values()}) > 1:
        raise MixedSeries()
    return Source(headers=tuple(sorted(found.values(), key=_place)))


def uid_of(*parts: str) -> str:
    """Return a UID made of the parts, the same for the same parts (DICOM PS3.5 B.2): sent twice is one object."""
    return f"2.25.{int.from_bytes(sha256('/'.join(parts).encode()).digest()[:16], 'big')}"


def _place(one: Dataset) -> tuple[float, int]:
    position = one.get("ImagePositionPatient")
    return float(position[2]) if position else 0.0, int(one.get("InstanceNumber") or 0)

"""Which CT series lie here, what is in each image, and how is a slice written?

`series.read_volume` makes the standard volume out of what this file reads. Beside it only `report/` reads with pydicom.
"""

import hashlib
import logging
import re
import struct
import warnings as python_warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, config, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from imaging import header, pixels
from imaging.archive import HEAD_BYTES, LIMITS, Limits, SourceFile, source_files
from imaging.dicomdir import MEDIA_DIRECTORY, MOST_BYTES, named_files
from imaging.errors import BadHeader, ImagingError, NoImages, TooLarge, UndecodablePixels
from imaging.foreign import kind_of, no_ct
from imaging.header import Header
from imaging.multiframe import FrameHeader, frame_headers
from imaging.native import native_pixels
from imaging.sop_class import sop_class_uid

# Values are taken as they stand, conformant or not: what matters is checked where it is used.
config.settings.reading_validation_mode = config.IGNORE
# pydicom logs the paths and values of damaged files, which may name a patient; we tell what is wrong ourselves.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)

_CODE = re.compile(
    r"[A-Z0-9_ ]{1,16}"
)  # a CS value (PS3.5 6.2); in a damaged file it may run on into the patient's name
_WHAT_AND_WHERE = (
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns", "RescaleIntercept",
    "RescaleSlope", "PixelRepresentation",
)  # fmt: skip
_DEFLATED = b"1.2.840.10008.1.2.1.99"
# What pydicom and the decoders raise on damaged files; each becomes a note or a refusal that names the file.
_DAMAGE = (BytesLengthException, InvalidDicomError, EOFError, ValueError, KeyError, IndexError, AttributeError,
           TypeError, OSError, NotImplementedError, RuntimeError, OverflowError, struct.error, zlib.error)  # fmt: skip


_Known = dict[tuple[Any, ...], tuple[str, Any]]  # element as it stands in a file: keyword and value, of many types


@dataclass(frozen=True, kw_only=True)
class DicomFile:
    """One image: where its bytes are, how it is encoded, its header without the pixels, and where those begin if known.

    `header` holds the attributes of `header.TAGS` by keyword: a tenth of the room that a parsed data set takes.
    """

    source: SourceFile
    header: Header
    transfer_syntax_uid: str = str(ImplicitVRLittleEndian)
    pixels_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class SeriesFiles:
    """The CT images of one series as found, not yet judged.

    `series_uid` is empty for images that name no series; `unread` are files nothing could be read from, `missing`
    those that a DICOMDIR names and that are not there.
    """

    series_uid: str
    study_uid: str | None
    description: str | None
    files: tuple[DicomFile, ...]
    unread: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def find_series(path: Path, limits: Limits = LIMITS) -> tuple[SeriesFiles, ...]:
    """Return the CT series under a folder, file, archive or DICOMDIR, the one with most files first.

    Raises: NoImages (saying what is there instead), BadArchive, TooLarge.
    """
    groups: dict[str, list[DicomFile]] = {}
    others: Counter[str] = Counter()
    strangers: Counter[str] = Counter()
    passed_over: Counter[str] = Counter()
    unread: list[str] = []

    def wanted(head: bytes, name: str = "") -> bool:
        is_wanted = _looks_like_dicom(head)
        strangers[kind_of(head, name)] += not is_wanted
        return is_wanted

    known: _Known = {}
    sources, missing = _sources(Path(path), limits, wanted, passed_over)
    for source in sources:
        try:
            found = _read_header(source, limits, wanted, known)
        except _DAMAGE:
            unread.append(source.name)
            continue
        if found is None:
            continue
        modality = header.text(found.header, "Modality") or ""
        if modality != "CT":
            others[modality if _CODE.fullmatch(modality) else "without modality"] += 1
            continue
        uid = header.text(found.header, "SeriesInstanceUID") or ""  # de-identified files may lack it
        groups.setdefault(uid, []).append(found)
    if not groups:
        raise NoImages(no_ct(others, +strangers, passed_over, unread, len(missing)))
    series = [
        SeriesFiles(
            series_uid=uid,
            study_uid=header.text(files[0].header, "StudyInstanceUID"),
            description=header.text(files[0].header, "SeriesDescription"),
            files=tuple(files),
            unread=tuple(unread),
            missing=missing,
        )
        for uid, files in groups.items()
    ]
    return tuple(sorted(series, key=lambda one: (-len(one.files), one.series_uid)))


def read_slice(file: DicomFile, limits: Limits = LIMITS) -> tuple[NDArray[np.int16], tuple[int, int] | None, bool]:
    """Return one image's HU (Y, X), its declared padding in HU (lowest, highest) if any, and whether it was lossy.

    Raises: UndecodablePixels or another PixelError or SeriesError, naming the file.
    """
    plain = _plain_slice(file)
    if plain is not None:
        return plain
    syntax = ""
    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")  # such as: the bits of JPEG 2000 and of the header differ (both fit)
            dataset = _read(file.source, limits)
            syntax = transfer_syntax(dataset)
            pixels.refuse_unfit(dataset, syntax)
            hu = pixels.hounsfield(pixels.decoded(dataset), dataset)
            return hu, pixels.declared_padding(dataset), pixels.is_lossy(dataset, syntax)
    except ImagingError:
        raise
    except _DAMAGE as error:
        raise UndecodablePixels(
            f"{file.source.name}: the pixels cannot be decoded ({_cause(error, syntax)})"
        ) from error


def picture(file: DicomFile, limits: Limits = LIMITS) -> str:
    """Return a hash of what a file shows and where, alike however the file is encoded.

    What can't be decoded is told apart by its bytes.
    """
    told = "\n".join(f"{keyword} {file.header.get(keyword)}" for keyword in _WHAT_AND_WHERE)
    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")
            shown = _read(file.source, limits).pixel_array.tobytes()
    except _DAMAGE:
        with file.source.open() as stream:
            shown = stream.read()
    return hashlib.sha256(told.encode() + shown).hexdigest()


def read_frame_headers(file: DicomFile) -> list[FrameHeader]:
    """Return the headers of the frames of a multi-frame image.

    Raises: NotAVolume, BadHeader (also when the functional groups are damaged).
    """
    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")  # values of the groups are parsed only now
            return frame_headers(file.header)
    except _DAMAGE as error:
        raise BadHeader("the functional groups of the multi-frame image are damaged") from error


def read_frames(
    file: DicomFile, frames: Mapping[int, FrameHeader], limits: Limits = LIMITS
) -> Iterator[tuple[int, NDArray[np.int16], tuple[int, int] | None, bool]]:
    """Yield the number of each frame asked for with what `read_slice` returns, one after another in the file's order.

    From a file on disk one frame at a time is held.

    Raises: UndecodablePixels or another PixelError or SeriesError, naming the file.
    """
    syntax = ""
    try:
        with file.source.open() as stream, python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")
            _refuse_bomb(stream.read(4096), file.source, limits)
            stream.seek(0)
            dataset = dcmread(stream, stop_before_pixels=True, force=True)
            syntax = transfer_syntax(dataset)
            for frame in frames.values():
                pixels.refuse_unfit(FrameHeader(file=dataset, own=frame.own), syntax)
            stream.seek(0)
            for number, stored in enumerate(iter_pixels(stream, raw=True)):
                if number in frames:
                    said = FrameHeader(file=dataset, own=frames[number].own)
                    hu = pixels.hounsfield(pixels.checked(stored), said)
                    yield number, hu, pixels.declared_padding(said), pixels.is_lossy(said, syntax)
    except ImagingError:
        raise
    except _DAMAGE as error:
        raise UndecodablePixels(
            f"{file.source.name}: the pixels cannot be decoded ({_cause(error, syntax)})"
        ) from error


def transfer_syntax(dataset: Dataset) -> str:
    """Return the UID of how the file is encoded; implicit little endian where it does not say (PS3.5 10.1)."""
    meta = getattr(dataset, "file_meta", None)
    return str(meta.get("TransferSyntaxUID", ImplicitVRLittleEndian)) if meta else str(ImplicitVRLittleEndian)


def write_slice(path: Path, tags: Mapping[str, object], stored: NDArray[np.int16]) -> None:
    """Write one CT slice (Y, X) of stored values as an uncompressed DICOM file; `tags` by keyword (PS3.6)."""
    dataset = Dataset()
    dataset.SOPClassUID = CTImageStorage
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.PixelData = stored.astype("<i2").tobytes()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)


def _sources(
    path: Path, limits: Limits, wanted: Callable[[bytes], bool], passed_over: Counter[str]
) -> tuple[Iterable[SourceFile], tuple[str, ...]]:
    """Return the files to look at, and the names of those that a DICOMDIR names in vain."""
    if not path.is_file():
        return source_files(path, limits, wanted, passed_over), ()
    with path.open("rb") as stream:
        if sop_class_uid(stream.read(4096)) != MEDIA_DIRECTORY:
            return source_files(path, limits, wanted, passed_over), ()
    if path.stat().st_size > MOST_BYTES:
        raise TooLarge("the DICOMDIR is larger than any CD's")
    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")
            return named_files(path, dcmread(path, force=True).get("DirectoryRecordSequence") or (), limits)
    except _DAMAGE as error:
        raise NoImages("the DICOMDIR cannot be read") from error


def _looks_like_dicom(head: bytes) -> bool:
    """DICM after the preamble (PS3.10 7.1), or a bare data set that begins with group 0008."""
    return head[128:132] == b"DICM" or head[:2] == b"\x08\x00"


def _plain_slice(file: DicomFile) -> tuple[NDArray[np.int16], tuple[int, int] | None, bool] | None:
    """Return what `read_slice` does of an uncompressed slice without parsing its file again; None for any other.

    Raises: PixelError or SeriesError for what can't become Hounsfield units.
    """
    syntax = file.transfer_syntax_uid
    if file.pixels_at is None:
        return None
    with file.source.open() as stream:
        stored = native_pixels(stream, file.pixels_at, file.header, syntax)
    if stored is None:
        return None
    pixels.refuse_unfit(file.header, syntax)
    hu = pixels.hounsfield(stored, file.header)
    return hu, pixels.declared_padding(file.header), pixels.is_lossy(file.header, syntax)


def _read_header(
    source: SourceFile, limits: Limits, wanted: Callable[[bytes, str], bool], known: _Known
) -> DicomFile | None:
    with source.open() as stream:
        head = stream.read(HEAD_BYTES)
        if not wanted(head, source.name):
            if source.name.lower().endswith((".dcm", ".ima")):
                raise ValueError("named as DICOM, but is not")
            return None
        _refuse_bomb(head, source, limits)
        stream.seek(0)
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")  # oddities of fields we do not use
            found = dcmread(stream, stop_before_pixels=True, force=True, specific_tags=[*header.TAGS])
            said = _said(found, known)
        # Of a deflated data set the place is one in what was unpacked, of which nothing is left.
        pixels_at = None if _DEFLATED in head else stream.tell()
    if _is_directory(found):
        return None
    return DicomFile(source=source, header=said, transfer_syntax_uid=transfer_syntax(found), pixels_at=pixels_at)


def _said(found: Dataset, known: _Known) -> dict[str, Any]:
    """Return the attributes by keyword; a broken value fails here.

    The slices of a series say nearly the same: what was parsed once (`known`, by its bytes) is not parsed again.
    """
    # What the meaning of bytes depends on, beside their tag and VR: the letters, the byte order, signed or not.
    context = (str(found.get("SpecificCharacterSet")), found.is_implicit_VR, found.is_little_endian,
               found.get("PixelRepresentation"))  # fmt: skip
    said = {}
    for raw in found.values():
        bytes_ = raw.value if isinstance(raw, RawDataElement) and raw.VR != "SQ" else None
        key = (raw.tag, raw.VR, bytes_, context)
        if bytes_ is None or key not in known:
            element = found[raw.tag]
            known[key] = element.keyword, element.value
        keyword, value = known[key]
        said[keyword] = value
    return said


def _is_directory(found: Dataset) -> bool:
    meta = getattr(found, "file_meta", None)
    return meta is not None and meta.get("MediaStorageSOPClassUID") == MEDIA_DIRECTORY


def _read(source: SourceFile, limits: Limits) -> Dataset:
    with source.open() as stream, python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")  # oddities of fields we do not use
        _refuse_bomb(stream.read(4096), source, limits)
        stream.seek(0)
        return dcmread(stream, force=True)


def _refuse_bomb(head: bytes, source: SourceFile, limits: Limits) -> None:
    """The deflated syntax (PS3.5 A.5) unpacks a thousandfold: count before pydicom unpacks it in one piece."""
    if _DEFLATED not in head or head[132:136] != b"\x02\x00\x00\x00":
        return
    with source.open() as stream:
        stream.seek(144 + struct.unpack("<I", head[140:144])[0])  # the group length says where the meta data end
        unpacker, left = zlib.decompressobj(-zlib.MAX_WBITS), 4 * limits.pixels_per_slice
        packed = stream.read()
        while packed and not unpacker.eof:
            left -= len(unpacker.decompress(packed, 1 << 20))
            packed = unpacker.unconsumed_tail
            if left < 0:
                raise TooLarge(f"{source.name} unpacks to more than one slice can hold")


def _cause(error: BaseException, syntax: str) -> str:
    """Name the encoding when no decoder knows it; else only the kind of error: its text may quote the header."""
    if isinstance(error, NotImplementedError):
        return f"the compression {UID(syntax).name} is not read"
    if isinstance(error, (AttributeError, KeyError)):
        return "there is no pixel data, or a tag that describes it is missing"
    return "damaged or cut short" if isinstance(error, (ValueError, EOFError)) else type(error).__name__

"""What kind of DICOM file is this, and where does its data set begin? Bounded, before anything is parsed.

Source: DICOM PS3.10 section 7.1 (preamble and file meta information, always explicit little endian).
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from pydicom import config
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from imaging.errors import DamagedReport, NotAReport, TooLarge
from imaging.report.kinds import is_kind

# Values are taken as they stand, conformant or not: what matters is checked where it is used.
config.settings.reading_validation_mode = config.IGNORE

HEAD_BYTES = 64 * 1024
_BIG_ENDIAN = str(ExplicitVRBigEndian)
_DEFLATED = str(DeflatedExplicitVRLittleEndian)
_IMPLICIT = str(ImplicitVRLittleEndian)
_LONG_VRS = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UN", b"UC", b"UR", b"UT", b"SV", b"UV"})
_SOP_CLASS, _SYNTAX = 0x0002, 0x0010
# What pydicom and its decoders raise on damaged files
DAMAGE = (BytesLengthException, InvalidDicomError, EOFError, ValueError, LookupError, AttributeError, TypeError,
          OSError, NotImplementedError, RuntimeError, ArithmeticError, AssertionError, struct.error,
          zlib.error)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A data set ready to be read: `stream` holds it from `begins_at` to `ends_at`, unpacked."""

    stream: BinaryIO
    begins_at: int
    ends_at: int
    sop_class_uid: str
    transfer_syntax_uid: str

    @property
    def is_little_endian(self) -> bool:
        return self.transfer_syntax_uid != _BIG_ENDIAN

    @property
    def is_implicit(self) -> bool:
        """Whether elements carry no value representation, as the file says and as its first element shows."""
        self.stream.seek(self.begins_at)
        shown = self.stream.read(6)[4:6]
        return not (shown.isalpha() and shown.isupper())


def is_report(head: bytes) -> bool:
    """Say by the first bytes of a file whether it is a DICOM report or segmentation of any kind, read here or not."""
    return is_kind(sop_class_uid(head))


def sop_class_uid(head: bytes) -> str:
    """Return the SOP class that the file meta information names (0002,0002); empty where there is none."""
    return _meta(head)[0].get(_SOP_CLASS, "")


def open_report(file: BinaryIO, limit: int) -> Opened:
    """Return the data set of a DICOM file, unpacked where it was deflated (PS3.5 A.5).

    Raises: NotAReport (no DICOM), DamagedReport, TooLarge (more than `limit` bytes unpacked).
    """
    file.seek(0)
    meta, begins_at = _meta(file.read(HEAD_BYTES))
    if not meta:
        raise NotAReport("not a DICOM file: no preamble and file meta information")
    ends_at = file.seek(0, io.SEEK_END)
    syntax = meta.get(_SYNTAX, _IMPLICIT)  # implicit little endian where it does not say (PS3.5 10.1)
    stream = file
    if syntax == _DEFLATED:
        file.seek(begins_at)
        stream = io.BytesIO(_inflated(file, limit))
        begins_at, ends_at = 0, stream.getbuffer().nbytes
    return Opened(
        stream=stream,
        begins_at=begins_at,
        ends_at=ends_at,
        sop_class_uid=meta.get(_SOP_CLASS, ""),
        transfer_syntax_uid=syntax,
    )


@contextmanager
def damage_named() -> Iterator[None]:
    """Turn what pydicom raises on a damaged file into our own error, and keep its warnings to itself.

    Raises: DamagedReport.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities of fields that are not used
        try:
            yield
        except DAMAGE as error:  # its text may quote the header, so only its kind is told
            raise DamagedReport(f"the file is damaged ({type(error).__name__})") from error


def _meta(head: bytes) -> tuple[dict[int, str], int]:
    """Return the text elements of group 0002 by element number, and where the data set begins."""
    found: dict[int, str] = {}
    at = 132
    if head[128:132] != b"DICM":
        return found, at
    while len(head) >= at + 8 and head[at : at + 2] == b"\x02\x00":
        element, vr, length = struct.unpack_from("<H2sH", head, at + 2)
        at += 8
        if vr in _LONG_VRS:
            if len(head) < at + 4:
                break
            (length,) = struct.unpack_from("<I", head, at)
            at += 4
        if vr == b"UI":
            found[element] = head[at : at + length].decode("ascii", "replace").strip("\0 ")
        at += length
    return found, at


def _inflated(file: BinaryIO, limit: int) -> bytes:
    unpacker, pieces, left = zlib.decompressobj(-zlib.MAX_WBITS), [], limit
    try:
        while packed := file.read(1 << 20):
            while packed and not unpacker.eof:
                piece = unpacker.decompress(packed, 1 << 20)
                left -= len(piece)
                if left < 0:
                    raise TooLarge(f"the file unpacks to more than {limit >> 20} MiB")
                pieces.append(piece)
                packed = unpacker.unconsumed_tail
            if unpacker.eof:
                break
    except zlib.error as error:
        raise DamagedReport("the deflated data set is damaged") from error
    if not unpacker.eof:
        raise DamagedReport("the deflated data set is cut short")
    return b"".join(pieces)

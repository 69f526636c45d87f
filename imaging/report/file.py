"""Where does the data set of a DICOM file begin, and how is it packed? Bounded, before anything is parsed."""

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
from imaging.sop_class import SOP_CLASS_UID, TRANSFER_SYNTAX_UID, meta_of

# Values are taken as they stand, conformant or not: what matters is checked where it is used.
config.settings.reading_validation_mode = config.IGNORE

HEAD_BYTES = 64 * 1024
_BIG_ENDIAN = str(ExplicitVRBigEndian)
_DEFLATED = str(DeflatedExplicitVRLittleEndian)
_IMPLICIT = str(ImplicitVRLittleEndian)
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


def open_report(file: BinaryIO, limit: int) -> Opened:
    """Return the data set of a DICOM file, unpacked where it was deflated (PS3.5 A.5).

    Raises: NotAReport (no DICOM), DamagedReport, TooLarge (more than `limit` bytes unpacked).
    """
    file.seek(0)
    meta, begins_at = meta_of(file.read(HEAD_BYTES))
    if not meta:
        raise NotAReport("not a DICOM file: no preamble and file meta information")
    ends_at = file.seek(0, io.SEEK_END)
    syntax = meta.get(TRANSFER_SYNTAX_UID, _IMPLICIT)  # implicit little endian where it does not say (PS3.5 10.1)
    stream = file
    if syntax == _DEFLATED:
        file.seek(begins_at)
        stream = io.BytesIO(_inflated(file, limit))
        begins_at, ends_at = 0, stream.getbuffer().nbytes
    return Opened(
        stream=stream,
        begins_at=begins_at,
        ends_at=ends_at,
        sop_class_uid=meta.get(SOP_CLASS_UID, ""),
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

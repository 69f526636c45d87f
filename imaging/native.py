"""The stored values of an uncompressed slice, taken straight from where they lie in its file.

A library that decodes any encoding needs milliseconds to find out that there is nothing to decode; on thousands of
small slices that is all the time there is. Whatever is not plain is left to it.

Source: DICOM PS3.5 7.1.2 and 7.1.3 (data elements), 8.1.1 (pixel cells), A.1 and A.2 (little endian syntaxes).
"""

import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from imaging.header import Header, number

_IMPLICIT, _EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_BITS = 16  # of a CT slice (PS3.3 C.8.2.1); other widths are rare and left to the library


def native_pixels(
    stream: BinaryIO, pixels_at: int, header: Header, syntax: str
) -> NDArray[np.int16] | NDArray[np.uint16] | None:
    """Return the stored values (Y, X), or None where they are not one plain 16-bit slice of just the right length.

    Args: pixels_at: the byte at which the element of the pixel data begins.
    """
    if syntax not in (_IMPLICIT, _EXPLICIT) or (number(header, "NumberOfFrames") or 1) != 1:
        return None
    bits, stored, high = (number(header, keyword) for keyword in ("BitsAllocated", "BitsStored", "HighBit"))
    if bits != _BITS or stored is None or not 1 <= stored <= _BITS or high != stored - 1:
        return None
    rows, columns, signed = (number(header, keyword) for keyword in ("Rows", "Columns", "PixelRepresentation"))
    if rows is None or columns is None or signed not in (0, 1) or (number(header, "SamplesPerPixel") or 1) != 1:
        return None
    size = int(rows) * int(columns) * _BITS // 8
    stream.seek(pixels_at)
    if not size or not _announces(stream, syntax, size):
        return None
    data = stream.read(size)
    if len(data) != size:
        return None  # cut short: the library says so
    values: NDArray[np.int16] | NDArray[np.uint16] = np.frombuffer(data, "<i2" if signed else "<u2").reshape(
        int(rows), int(columns)
    )
    unused = _BITS - int(stored)  # bits above those stored mean nothing; the sign is the highest stored one
    return (values << unused) >> unused if unused else values


def _announces(stream: BinaryIO, syntax: str, size: int) -> bool:
    """Say whether an element of pixel data of so many bytes begins here."""
    if stream.read(4) != _PIXEL_DATA:
        return False
    if syntax == _EXPLICIT and stream.read(4) not in (b"OW\0\0", b"OB\0\0"):
        return False
    length = stream.read(4)
    return len(length) == 4 and struct.unpack("<I", length)[0] == size

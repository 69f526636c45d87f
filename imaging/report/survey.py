"""Is the data set whole, and is it small enough to be parsed? One flat walk over its elements, before pydicom.

pydicom fills memory with a few hundred bytes an element, calls itself for every sequence, and takes a file that is cut
short without a word; a file that would hurt is refused here.
Source: DICOM PS3.5 sections 7.1 and 7.5 (data elements, nesting).
"""

import struct
from dataclasses import dataclass
from functools import cache

from pydicom.datadict import dictionary_VR
from pydicom.tag import Tag

from imaging.errors import DamagedReport, TooLarge
from imaging.report.file import Opened

MAX_DEPTH = 64  # sequences in one another; pydicom uses six Python frames for each, of the 1,000 there are
FRAMES = 0x52009230  # Per-Frame Functional Groups Sequence
PIXELS = 0x7FE00010
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_OPEN = 0xFFFFFFFF  # undefined length
_LONG_VRS = frozenset({b"OB", b"OW", b"OF", b"OD", b"OL", b"OV", b"SQ", b"UN", b"UC", b"UR", b"UT", b"SV", b"UV"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a value lies in the stream; `length` is None where it is undefined (encapsulated, or delimited)."""

    begins_at: int
    length: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What the walk found: how elements are written, and where the frames' groups and the pixels lie."""

    is_implicit: bool
    frames: Place | None
    pixels: Place | None


def survey(opened: Opened, max_elements: int) -> Layout:
    """Walk the data set up to its pixels.

    Raises: DamagedReport (cut short, an element longer than what holds it, nested too deep), TooLarge.
    """
    stream, is_implicit = opened.stream, opened.is_implicit
    end_of_file = opened.ends_at
    order = "<" if opened.is_little_endian else ">"
    tag_length, short = struct.Struct(f"{order}HHI"), struct.Struct(f"{order}H")
    long = struct.Struct(f"{order}I")
    ends: list[int | None] = []  # of the sequences and items that are open; None: until its delimiter
    frames = pixels = None
    at, elements = opened.begins_at, 0
    stream.seek(at)
    while True:
        while ends and ends[-1] is not None and at >= ends[-1]:
            ends.pop()
        head = stream.read(8)
        if len(head) < 8:
            if head or ends:
                raise DamagedReport("the file is cut short")
            break
        group, element, length = tag_length.unpack(head)
        tag, at, elements = group << 16 | element, at + 8, elements + 1
        if elements > max_elements:
            raise TooLarge(f"more than {max_elements} elements in one report")
        if tag in (_ITEM_END, _SEQUENCE_END):
            if not ends or ends.pop() is not None:
                raise DamagedReport("a sequence ends that was not begun")
            continue
        holds = tag == _ITEM
        if not holds:
            vr = b"" if is_implicit else head[4:6]
            if vr in _LONG_VRS:
                length, at = long.unpack(stream.read(4).ljust(4, b"\xff"))[0], at + 4
            elif vr:
                length = short.unpack(head[6:8])[0]
            holds = vr == b"SQ" or (not vr and _is_sequence(tag)) or length == _OPEN
        if tag == FRAMES and not ends:
            frames = Place(begins_at=at, length=None if length == _OPEN else length)
        if tag == PIXELS and not ends:
            pixels = Place(begins_at=at, length=None if length == _OPEN else length)
            if length != _OPEN and at + length > end_of_file:
                raise DamagedReport("the pixel data are cut short")
            break
        limit = next((end for end in reversed(ends) if end is not None), end_of_file)
        if length != _OPEN and at + length > limit:
            raise DamagedReport("the file is cut short, or an element is longer than what holds it")
        if holds:
            if len(ends) >= 2 * MAX_DEPTH:
                raise DamagedReport(f"sequences nested deeper than {MAX_DEPTH}")
            ends.append(None if length == _OPEN else at + length)
        else:
            at += length
            stream.seek(at)
    return Layout(is_implicit=is_implicit, frames=frames, pixels=pixels)


@cache
def _is_sequence(tag: int) -> bool:
    try:
        return dictionary_VR(Tag(tag)) == "SQ"
    except KeyError:
        return False

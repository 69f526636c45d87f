"""Where does each message of a file begin and end? Read in pieces: a file of any length takes little memory.

Segments end in CR by the standard, in LF or CRLF in many files; messages stand one after another, in a batch
(FHS / BHS ... BTS / FTS), or in MLLP frames (0x0B ... 0x1C) that were written down.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

from twin.importers.hl7v2.charset import BOM

MAX_MESSAGE_BYTES = 64 * 2**20  # one message; real ones with a PDF inside stay below 20 MB
MAX_SEGMENTS = 200_000  # of one message: read, each takes about a kilobyte
_PIECE_BYTES = 2**18
_ENVELOPE = (b"FHS", b"BHS", b"BTS", b"FTS")


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A message, a line of a batch's envelope, or lines that belong to no message."""

    kind: Literal["message", "envelope", "stray"]
    lines: list[bytes] = field(repr=False)
    first_line: int
    has_bom: bool
    is_cut: bool = False
    """Longer than MAX_MESSAGE_BYTES or MAX_SEGMENTS: the rest was passed over."""


def pieces(file: BinaryIO) -> Iterator[Piece]:
    """Yield the pieces of a file in order; blank lines are left out."""
    kind: Literal["message", "stray"] = "stray"
    kept: list[bytes] = []
    size, first, is_cut, has_bom = 0, 1, False, False
    for number, line in enumerate(_lines(file), 1):
        if not line:
            continue
        if line.startswith(BOM):  # of the file, or of each file of several that were put together
            line, has_bom = line[len(BOM) :], True
        start, mark = line[:3], line[3:4]
        begins = start == b"MSH" and mark not in (b"", b" ") and not mark.isalnum()
        if begins or (start in _ENVELOPE and not mark.isalnum()):
            if kept:
                yield Piece(kind=kind, lines=kept, first_line=first, has_bom=has_bom, is_cut=is_cut)
            kind, kept, size, first, is_cut = "message", [line], len(line), number, False
            if not begins:
                yield Piece(kind="envelope", lines=kept, first_line=number, has_bom=has_bom)
                kind, kept = "stray", []
            continue
        size += len(line)
        if size > MAX_MESSAGE_BYTES or len(kept) >= MAX_SEGMENTS:
            is_cut = True
            continue
        if not kept:
            first = number
        kept.append(line)
    if kept:
        yield Piece(kind=kind, lines=kept, first_line=first, has_bom=has_bom, is_cut=is_cut)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file, by any line end; one longer than a message may be comes cut after that length."""
    waiting: list[bytes] = []
    size = 0
    while piece := file.read(_PIECE_BYTES):
        if piece.endswith(b"\r"):  # CRLF is one line end, and may lie across two pieces
            piece += file.read(1)
        piece = piece.replace(b"\r\n", b"\r").replace(b"\n", b"\r").replace(b"\x0b", b"\r").replace(b"\x1c", b"\r")
        lines = piece.split(b"\r")
        if size <= MAX_MESSAGE_BYTES:
            waiting.append(lines[0])
            size += len(lines[0])
        if len(lines) == 1:
            continue
        yield b"".join(waiting).lstrip(b" \t")
        for line in lines[1:-1]:
            yield line.lstrip(b" \t")
        waiting, size = [lines[-1]], len(lines[-1])
    if waiting:
        yield b"".join(waiting).lstrip(b" \t")

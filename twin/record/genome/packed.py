"""Genome files are plain, gzipped, or gzipped in many members (BGZF): one reader for all three."""

import gzip
import io
import zlib
from typing import BinaryIO, cast

GZIP = b"\x1f\x8b"
DAMAGE = (OSError, EOFError, zlib.error)
"""What reading packed bytes raises where they are damaged or cut short."""


def unpacked(file: BinaryIO) -> BinaryIO:
    """Return a reader of the file's own bytes; it may raise DAMAGE.

    Nothing is read ahead over what unpacks it: what stands before the damage is given out first.
    """
    buffered = io.BufferedReader(cast(io.RawIOBase, file), 2**20)
    if buffered.peek(2)[:2] != GZIP:
        return buffered
    return cast(BinaryIO, gzip.GzipFile(fileobj=buffered))


def first_bytes(head: bytes, size: int = 64 * 1024) -> bytes:
    """Return up to `size` unpacked bytes of the first bytes of a file, b"" where they can't be unpacked."""
    if not head.startswith(GZIP):
        return head[:size]
    found = b""
    reader = gzip.GzipFile(fileobj=io.BytesIO(head))
    try:
        while len(found) < size and (more := reader.read1(size - len(found))):
            found += more
    except DAMAGE:
        pass  # the head of a packed file always ends in the middle
    return found

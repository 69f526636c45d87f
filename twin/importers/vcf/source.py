"""The lines of a VCF file, plain, gzipped or block-gzipped: one after another, bounded, whatever the bytes are."""

from collections.abc import Generator
from typing import BinaryIO

from twin.importers.content import Content
from twin.record.genome.packed import DAMAGE, unpacked

MAX_LINE = 16 * 2**20  # bytes: a record of 500,000 people has 2 million; a longer one is refused, the file goes on
_MAX_SKIPPED = 2**30  # bytes of one line that are passed over before the rest of the file is given up


class Broken(Exception):
    """The bytes end or break here: nothing after this line can be read."""


def lines(content: Content) -> Generator[tuple[int, bytes | None]]:
    """Yield each line's number and bytes without its end; None for a line longer than MAX_LINE.

    Raises:
        Broken: the compressed data are damaged or cut short.
    """
    with content.open() as file:
        reader = unpacked(file)
        number = 0
        try:
            while line := reader.readline(MAX_LINE):
                number += 1
                if len(line) == MAX_LINE and not line.endswith(b"\n"):
                    _skip(reader)
                    yield number, None
                else:
                    yield number, line.rstrip(b"\r\n")
        except DAMAGE:
            raise Broken("the compressed data are damaged or cut short") from None


def _skip(reader: BinaryIO) -> None:
    skipped = 0
    while line := reader.readline(MAX_LINE):
        skipped += len(line)
        if line.endswith(b"\n"):
            return
        if skipped > _MAX_SKIPPED:
            raise Broken("a line without an end")

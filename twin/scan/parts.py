"""The parts of a multipart body, each written to a file of its own as it comes (RFC 2046 5.1)."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import BinaryIO

from python_multipart.multipart import MultipartParser

from twin.scan.files import Staged

MOST_PARTS = 20_000
_HEADER_BYTES = 4_096  # of one part's header lines


class TooManyParts(ValueError):
    """More parts than one request may have, or a part with endless headers."""


class Parts:
    """A body in the making; `feed` it, then `finish`. A part is on the disk for good when it ends."""

    def __init__(self, *, folder: Path, boundary: bytes) -> None:
        self._folder = folder
        self._done: list[Staged] = []
        self._open: tuple[Path, BinaryIO] | None = None
        self._size = self._header_bytes = 0
        self._digest = hashlib.sha256()
        self._is_ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin, "on_part_data": self._write, "on_part_end": self._end,
                "on_header_field": self._count, "on_header_value": self._count, "on_end": self._note_end,
            },
        )  # fmt: skip

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            ValueError: they are no multipart (python_multipart's errors are of this kind).
        """
        self._parser.write(chunk)

    def finish(self) -> list[Staged]:
        """Return the parts.

        Raises:
            ValueError: the body ends in the middle.
        """
        self._parser.finalize()
        if not self._is_ended:
            raise ValueError("it ends in the middle")
        return self._done

    def forget(self) -> None:
        """Leave nothing behind."""
        if self._open is not None:
            path, file = self._open
            file.close()
            path.unlink(missing_ok=True)
            self._open = None
        for each in self._done:
            each.path.unlink(missing_ok=True)

    def _begin(self) -> None:
        if len(self._done) >= MOST_PARTS:
            raise TooManyParts(f"more than {MOST_PARTS} parts")
        path = self._folder / secrets.token_hex(16)
        self._open = path, path.open("xb")
        self._digest, self._size, self._header_bytes = hashlib.sha256(), 0, 0

    def _count(self, data: bytes, start: int, end: int) -> None:
        self._header_bytes += end - start
        if self._header_bytes > _HEADER_BYTES:
            raise TooManyParts("a part's header lines are too long")

    def _write(self, data: bytes, start: int, end: int) -> None:
        assert self._open is not None
        piece = data[start:end]
        self._open[1].write(piece)
        self._digest.update(piece)
        self._size += end - start

    def _end(self) -> None:
        assert self._open is not None
        path, file = self._open
        with file:
            file.flush()
            os.fsync(file.fileno())
        self._open = None
        self._done.append(Staged(path=path, sha256=self._digest.hexdigest(), size=self._size))

    def _note_end(self) -> None:
        self._is_ended = True

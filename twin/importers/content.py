"""One file to import, wherever it lies: it can be opened again and again, and knows the files beside it."""

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import BinaryIO, cast

from twin.errors import TooLarge

MAX_WHOLE_BYTES = 512 * 2**20  # a format that can't be read piece by piece is read whole up to this size
HEAD_BYTES = 64 * 1024  # what a format is recognised by

Siblings = Mapping[str, "Content"]
"""The files of the same folder or archive, by their lower-case name without the folder."""


def _nobody() -> Siblings:
    return {}


@dataclass(frozen=True, kw_only=True)
class Content:
    """The bytes of one file. `name` is how a person would find it: `export.zip!labs/2021.csv`."""

    name: str
    size: int
    opener: Callable[[], BinaryIO] = field(repr=False)
    beside: Callable[[], Siblings] = field(default=_nobody, repr=False)

    @staticmethod
    def of(content: bytes, name: str = "request") -> "Content":
        """Return bytes that are in memory as a file of that name."""
        return Content(name=name, size=len(content), opener=lambda: io.BytesIO(content))

    @property
    def base_name(self) -> str:
        """The file's own name, lower case, without folder and archive."""
        return self.name.replace("\\", "/").rpartition("!")[2].rpartition("/")[2].lower()

    @cached_property
    def head(self) -> bytes:
        """The first bytes, enough to recognise a format."""
        with self.open() as file:
            return file.read(HEAD_BYTES)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the bytes, in hex; read in pieces."""
        with self.open() as file:
            return hashlib.file_digest(cast(io.BufferedReader, file), "sha256").hexdigest()

    def open(self) -> BinaryIO:
        """Return a new reader at the first byte; the caller closes it."""
        reader = self.opener()
        self.__dict__["_latest"] = reader  # `position` asks it; a frozen value keeps its caches this way
        return reader

    def position(self) -> int:
        """Return how many bytes the latest reader has passed; all of them once it is closed."""
        reader = self.__dict__.get("_latest")
        try:
            return 0 if reader is None else min(reader.tell(), self.size)
        except (ValueError, OSError):  # closed: it was read to its end
            return self.size

    def read(self, limit: int = MAX_WHOLE_BYTES) -> bytes:
        """Return all bytes.

        Raises:
            TooLarge: there are more than `limit`.
        """
        with self.open() as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise TooLarge(f"larger than {limit // 2**20} MB, and this format can't be read in pieces")
        return content

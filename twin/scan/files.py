"""Where do images lie on the disk? Each file once, under the hash of its content, never overwritten, never dropped.

`TWIN_HOME/dicom/ab/abcdef...` is the file whose SHA-256 begins so; `arriving` holds what is not yet taken.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from twin.errors import TwinError
from twin.settings import Settings

_PIECE_BYTES = 1 << 20
_GB = 1_000_000_000


class OutOfSpace(TwinError):
    """The disk of this instance is full: nothing more is taken until there is room."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Staged:
    """A file that lies whole on the disk and belongs to nothing yet."""

    path: Path
    sha256: str
    size: int


def arriving(home: Path) -> Path:
    """Return the folder for what is arriving, made where it is missing."""
    folder = home / "dicom" / "arriving"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def place_of(home: Path, sha256: str) -> Path:
    """Return where the file of this hash lies."""
    return home / "dicom" / sha256[:2] / sha256


def check_room(settings: Settings, coming_bytes: int = 0) -> None:
    """Refuse what is coming where less than `disk_free_gb` would stay free.

    Raises:
        OutOfSpace: it would.
    """
    home = settings.home_path
    home.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(home).free - coming_bytes < settings.disk_free_gb * _GB:
        raise OutOfSpace(f"less than {settings.disk_free_gb:g} GB would stay free on the disk; nothing more is taken")


def stage(home: Path, source: BinaryIO) -> Staged:
    """Copy a stream into the instance, on the disk for good when this returns."""
    path = arriving(home) / secrets.token_hex(16)
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("xb") as file:
            while piece := source.read(_PIECE_BYTES):
                digest.update(piece)
                size += len(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Staged(path=path, sha256=digest.hexdigest(), size=size)


def adopt(path: Path) -> Staged:
    """Return a file that lies in `arriving` already as one that waits to be taken."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Staged(path=path, sha256=digest, size=path.stat().st_size)


def settle(home: Path, staged: Staged) -> Path:
    """Move a staged file to its place for good. One that lies there already is the same file, and stays."""
    place = place_of(home, staged.sha256)
    if place.exists():
        forget(staged)
        return place
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    staged.path.rename(place)
    folder = os.open(place.parent, os.O_RDONLY)  # the name is on the disk only when its folder is
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return place


def forget(staged: Staged) -> None:
    """Remove a staged file that is not taken."""
    staged.path.unlink(missing_ok=True)


@contextmanager
def laid_out(home: Path, hashes: Iterable[str]) -> Iterator[Path]:
    """Give a folder that holds these files as links of their own: what reads a series reads a folder."""
    with TemporaryDirectory(dir=arriving(home), prefix="series-") as made:
        folder = Path(made)
        for number, sha256 in enumerate(hashes, start=1):
            os.link(place_of(home, sha256), folder / f"{number:05d}.dcm")
        yield folder

"""What files are in this folder, file or archive? Bounded, and no member ever gets a name on the disk.

Members go into memory, and past SPOOL_BYTES into one temporary file that has no name and is gone with the process: a
path in an archive can lead nowhere, and a large archive does not fill the memory. Links and devices are passed over.
"""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from imaging.errors import BadArchive, NoImages, TooLarge

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2")
_UNPACKERS = {b"\x1f\x8b": gzip.GzipFile, b"\xfd7zXZ\x00": lzma.LZMAFile, b"BZh": bz2.BZ2File}  # by magic: names lie
SPOOL_BYTES = 64 << 20  # unpacked members kept in memory, together; a CT has 70 to 700 MB
HEAD_BYTES = 352  # by which a file is known: a NIfTI header with its flag, the longest of the kinds
LINKS = "links, which are not followed"
_BOMB_BYTES, _BOMB_RATIO = 256 << 20, 200  # a CT packs 2- to 4-fold, a blank one of half a gigabyte is none
_TAR_MAGIC_AT = 257  # POSIX ustar header
_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError,
           NotImplementedError, RuntimeError, OSError, ValueError)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much is taken in at once. A 5,000-slice CT is 2.6 GB; beyond these it is a mistake or an attack."""

    files: int = 20_000
    bytes: int = 4 << 30
    pixels_per_slice: int = 4096 * 4096
    voxels: int = 2 << 30


LIMITS = Limits()


class _Spool:
    """Unpacked members one after another; the file behind it is closed with the last member that refers to it."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - lives as long as its members

    def add(self, data: bytes) -> "_Member":
        offset = self._file.seek(0, os.SEEK_END)
        self._file.write(data)
        return _Member(spool=self, offset=offset, length=len(data))

    def read(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(length)

    def __del__(self) -> None:
        self._file.close()


@dataclass(frozen=True, kw_only=True)
class _Member:
    spool: _Spool
    offset: int
    length: int


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file of a source: its bare name (folders may hold a patient's name), and a path or an archive's member."""

    name: str
    path: Path | None = None
    member: _Member | None = None

    def open(self) -> BinaryIO:
        """Return the file, to be closed by the caller."""
        if self.member is not None:
            return io.BytesIO(self.member.spool.read(self.member.offset, self.member.length))
        assert self.path is not None
        return self.path.open("rb")


def source_files(
    path: Path, limits: Limits, wanted: Callable[[bytes], bool], passed_over: Counter[str] | None = None
) -> Iterator[SourceFile]:
    """Yield the files under `path` (folder, archive, or single file), archives in a folder opened too.

    Args: wanted: told the first HEAD_BYTES of each archive member, says whether to keep it; passed_over: counts by
    kind what was not looked into.
    Raises: NoImages (no such path), BadArchive, TooLarge.
    """
    passed_over = Counter() if passed_over is None else passed_over
    if not path.exists():
        raise NoImages("there is no such file or folder")
    if path.is_dir():
        yield from _folder(path, limits, wanted, passed_over)
    elif _is_archive(path):
        yield from _archive(path, limits, wanted, passed_over)
    else:
        yield SourceFile(name=path.name, path=path)


def _folder(
    root: Path, limits: Limits, wanted: Callable[[bytes], bool], passed_over: Counter[str]
) -> Iterator[SourceFile]:
    inside = root.resolve()
    count = 0
    for folder, folders, names in os.walk(root, followlinks=False):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > limits.files:
                raise TooLarge(f"more than {limits.files} files")
            path = Path(folder, name)
            if not path.is_file() or not path.resolve().is_relative_to(inside):
                passed_over[LINKS] += path.is_symlink()
                continue
            if name.lower().endswith(ARCHIVES):
                yield from _archive(path, limits, wanted, passed_over)
            else:
                yield SourceFile(name=name, path=path)


def _archive(
    path: Path, limits: Limits, wanted: Callable[[bytes], bool], passed_over: Counter[str]
) -> Iterator[SourceFile]:
    spool = _Spool()
    unpack = _zip_members if zipfile.is_zipfile(path) else _tar_members
    try:
        for name, stream in unpack(path, limits, passed_over):
            head = stream.read(HEAD_BYTES)
            if wanted(head):
                yield SourceFile(name=Path(name).name, member=spool.add(head + stream.read()))
    except _DAMAGE as error:
        raise BadArchive(f"the archive cannot be unpacked ({type(error).__name__})") from error


def _zip_members(path: Path, limits: Limits, passed_over: Counter[str]) -> Iterator[tuple[str, BinaryIO]]:
    with zipfile.ZipFile(path) as archive:
        files = [info for info in archive.infolist() if not info.is_dir() and not _is_link(info)]
        passed_over[LINKS] += sum(_is_link(info) for info in archive.infolist())
        if len(files) > limits.files:
            raise TooLarge(f"more than {limits.files} files in the archive")
        # zipfile never yields more than the declared size, so the declared sizes bound what is unpacked.
        unpacked, packed = sum(info.file_size for info in files), sum(info.compress_size for info in files)
        if unpacked > limits.bytes:
            raise TooLarge(f"the archive unpacks to more than {limits.bytes >> 20} MiB")
        if unpacked > _BOMB_BYTES and unpacked > _BOMB_RATIO * packed:
            raise TooLarge(
                f"the archive unpacks to {unpacked >> 20} MiB, {unpacked // max(1, packed)} times its size: a bomb"
            )
        for info in files:
            with archive.open(info) as stream:
                yield info.filename, cast(BinaryIO, stream)


def _is_link(info: zipfile.ZipInfo) -> bool:
    return (info.external_attr >> 16) & 0o170000 == 0o120000


def _tar_members(path: Path, limits: Limits, passed_over: Counter[str]) -> Iterator[tuple[str, BinaryIO]]:
    with _bounded(path, limits) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for count, member in enumerate(archive):
            if count >= limits.files:
                raise TooLarge(f"more than {limits.files} files in the archive")
            if member.isfile() and (content := archive.extractfile(member)) is not None:
                yield member.name, cast(BinaryIO, content)
            passed_over[LINKS] += member.issym() or member.islnk()


def _is_archive(path: Path) -> bool:
    head = _head(path)
    is_tar = head[_TAR_MAGIC_AT:].startswith(b"ustar")
    named = path.name.lower().endswith(ARCHIVES)
    return named or is_tar or head.startswith((b"PK\x03\x04", *_UNPACKERS))


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_TAR_MAGIC_AT + 5)


def _bounded(path: Path, limits: Limits) -> "_BoundedReader":
    head = _head(path)
    unpacker = next((unpack for magic, unpack in _UNPACKERS.items() if head.startswith(magic)), None)
    stream = cast(BinaryIO, unpacker(path)) if unpacker else path.open("rb")
    return _BoundedReader(stream, limits.bytes)


class _BoundedReader(io.RawIOBase):
    """Counts what is unpacked and stops at the limit, so that neither members nor headers can be a bomb."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream, self._left, self._limit = stream, limit, limit

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge(f"the archive unpacks to more than {self._limit >> 20} MiB")
        return data

    def close(self) -> None:
        self._stream.close()
        super().close()

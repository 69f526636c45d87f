"""What lies in a path that a person points at: single files, folders, archives - bounded, and never outside itself.

An archive or folder that holds DICOM is one CT input; every other member is an input of its own. Member names that
leave the archive, links, devices and members beyond the bounds are refused by name.
"""

import bz2
import gzip
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from twin.errors import TooLarge, UnreadableInput

MAX_MEMBER_BYTES = 512 * 2**20  # one member, unpacked
MAX_TOTAL_BYTES = 8 * 2**30  # all members of one archive, unpacked
MAX_MEMBERS = 200_000
MAX_RATIO = 200  # unpacked : packed; real exports compress 10 to 40 times
_DICOM_MAGIC = (b"DICM", 128)
_PACKED: tuple[tuple[bytes, Callable[[Path], Any]], ...] = (  # Any: each opens its own kind of binary file
    (b"\x1f\x8b", gzip.open),
    (b"\xfd7zXZ\x00", lzma.open),
    (b"BZh", bz2.open),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One thing to import: `content` for text formats, `images` for a path that holds DICOM, or why it can't be."""

    name: str
    content: bytes | None = None
    images: Path | None = None
    refused: str | None = None


def inputs(path: Path) -> Iterator[Input]:
    """Yield what `path` holds, in the order of names.

    Raises:
        UnreadableInput: there is no such file or folder.
    """
    if path.is_dir():
        yield from _folder(path)
    elif path.is_file():
        yield from _file(path)
    else:
        raise UnreadableInput(f"no such file or folder: {path}")


def is_dicom(head: bytes) -> bool:
    """True where a file begins as DICOM PS3.10 section 7.1 says."""
    magic, offset = _DICOM_MAGIC
    return head[offset : offset + len(magic)] == magic


def _folder(path: Path) -> Iterator[Input]:
    found = sorted(each for each in path.rglob("*") if each.is_file() and not each.is_symlink())
    if not found:
        raise UnreadableInput(f"the folder is empty: {path}")
    images: set[Path] = set()
    for each in found:
        if _holds_dicom(each):
            images.add(each.parent)
        else:
            yield from _file(each)
    roots = {folder for folder in images if not any(parent in images for parent in folder.parents)}
    for folder in sorted(roots):
        yield Input(name=str(folder), images=folder)


def _file(path: Path) -> Iterator[Input]:
    with path.open("rb") as handle:
        head = handle.read(4096)
    if is_dicom(head):
        yield Input(name=str(path), images=path)
    elif head.startswith(b"PK\x03\x04"):
        yield from _archive(path, _zip)
    elif head[257:262] == b"ustar" or _is_packed_tar(path, head):
        yield from _archive(path, _tar)
    elif head.startswith(b"\x1f\x8b"):
        yield from _gzip(path)
    elif path.stat().st_size > MAX_MEMBER_BYTES:
        yield Input(name=str(path), refused=f"larger than {MAX_MEMBER_BYTES // 2**20} MB")
    else:
        yield Input(name=str(path), content=path.read_bytes())


def _archive(path: Path, members: object) -> Iterator[Input]:
    assert callable(members)
    try:
        first = list(_peek(path, members))
        if any(first):
            yield Input(name=str(path), images=path)
            return
        if not first:
            yield Input(name=str(path), refused="an archive without members")
        total = 0
        for name, size, read in members(path):
            where = f"{path}!{name}"
            if _leaves(name):
                yield Input(name=where, refused="the member's name leads outside the archive")
                continue
            total += size
            if size > MAX_MEMBER_BYTES or total > MAX_TOTAL_BYTES:
                yield Input(name=where, refused="the archive unpacks to more than this instance accepts")
                return
            content = read(min(size, MAX_MEMBER_BYTES) + 1)
            if len(content) > size:
                yield Input(name=where, refused="the member is longer than it says")
                return
            yield Input(name=where, content=content)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
        ValueError,
    ) as error:
        yield Input(name=str(path), refused=f"a damaged or protected archive ({type(error).__name__})")


def _peek(path: Path, members: object) -> Iterator[bool]:
    """Tell of the first members whether they are DICOM."""
    assert callable(members)
    for count, (_, _, read) in enumerate(members(path)):
        if count >= 16:
            return
        yield is_dicom(read(132))


def _zip(path: Path) -> Iterator[tuple[str, int, object]]:
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _bound_count(len(infos))
        packed, unpacked = sum(i.compress_size for i in infos), sum(i.file_size for i in infos)
        if unpacked > MAX_RATIO * max(packed, 1) and unpacked > MAX_MEMBER_BYTES:
            raise TooLarge("the archive unpacks to far more than it holds")
        for info in sorted(infos, key=lambda each: each.filename):
            with archive.open(info) as handle:
                yield info.filename, info.file_size, handle.read


def _tar(path: Path) -> Iterator[tuple[str, int, object]]:
    with tarfile.open(path) as archive:
        for count, member in enumerate(archive):
            _bound_count(count)
            if member.isfile():
                handle = archive.extractfile(member)
                assert handle is not None
                yield member.name, member.size, handle.read


def _gzip(path: Path) -> Iterator[Input]:
    try:
        with gzip.open(path) as handle:
            content = handle.read(MAX_MEMBER_BYTES + 1)
    except (OSError, EOFError) as error:
        yield Input(name=str(path), refused=f"a damaged gzip file ({type(error).__name__})")
        return
    if len(content) > MAX_MEMBER_BYTES:
        yield Input(name=str(path), refused=f"unpacks to more than {MAX_MEMBER_BYTES // 2**20} MB")
    else:
        yield Input(name=str(path), content=content)


def _bound_count(count: int) -> None:
    if count > MAX_MEMBERS:
        raise TooLarge(f"more than {MAX_MEMBERS} members in one archive")


def _leaves(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or ":" in name[:3]


def _is_packed_tar(path: Path, head: bytes) -> bool:
    """True where the first block of what is compressed is a tar header; no more than that block is unpacked."""
    unpack = next((unpack for magic, unpack in _PACKED if head.startswith(magic)), None)
    if unpack is None:
        return False
    try:
        with unpack(path) as handle:
            return bytes(handle.read(262)[257:262]) == b"ustar"
    except (OSError, EOFError, ValueError, lzma.LZMAError):
        return False


def _holds_dicom(path: Path) -> bool:
    with path.open("rb") as handle:
        return is_dicom(handle.read(132))

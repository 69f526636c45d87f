"""What lies in a path that a person points at: single files, folders, archives - bounded, and never outside itself.

A folder or archive that holds CT images is one CT input; every other member is a content of its own that can be opened
again and knows the others beside it. Member names that leave the archive, links, devices and members beyond the bounds
are refused by name. A tar archive is unpacked to a scratch folder (it can't be opened in the middle), a zip archive is
read where it is.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from imaging.sop_class import is_report
from twin.errors import TooLarge, UnreadableInput
from twin.importers.content import HEAD_BYTES, MAX_WHOLE_BYTES, Content, Siblings

MAX_TOTAL_BYTES = 64 * 2**30  # all members of one archive, unpacked
MAX_MEMBERS = 200_000
MAX_RATIO = 200  # unpacked : packed, beyond MAX_WHOLE_BYTES; real exports compress 10 to 40 times
MAX_DEPTH = 2  # an archive in an archive
_DICOM_MAGIC = (b"DICM", 128)
_PACKED: tuple[tuple[bytes, Callable[[Any], Any]], ...] = (  # Any: each opens its own kind of binary file
    (b"\x1f\x8b", gzip.open),
    (b"\xfd7zXZ\x00", lzma.open),
    (b"BZh", bz2.open),
)
_PACKED_TARS = (".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")
_DAMAGED = (
    tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, ValueError,
    lzma.LZMAError,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One thing to import: a file's `content`, `images` for a path that holds CT images, or why it can't be taken."""

    name: str
    content: Content | None = None
    images: Path | None = None
    refused: str | None = None


@dataclass(kw_only=True, slots=True)
class _Walk:
    """Where archives are unpacked to, and what must be closed in the end."""

    scratch: Path
    rank: Callable[[Content], int]
    closing: ExitStack
    depth: int = 0
    unpacked: int = 0
    members: int = field(default=0)

    def folder(self) -> Path:
        made = tempfile.TemporaryDirectory(dir=self.scratch, prefix="unpacked-")
        self.closing.callback(made.cleanup)
        return Path(made.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A file somewhere: its name, the bytes it packs to, and how to open it."""

    name: str
    size: int
    opener: Callable[[], BinaryIO]


@contextmanager
def inputs(
    path: Path, scratch: Path, rank: Callable[[Content], int] = lambda content: 0, *, knows_folder: bool = False
) -> Iterator[Iterator[Input]]:
    """Give what `path` holds: contents by `rank` (lower first), then by name; then CT images.

    Contents can be opened until the block ends: what was unpacked for them goes with it.

    `knows_folder`: a single file may look things up in the files beside it, which are not read otherwise.

    Raises:
        UnreadableInput: there is no such file or folder, or it is empty.
    """
    if not path.exists():
        raise UnreadableInput(f"no such file or folder: {path}")
    with ExitStack() as closing:
        walk = _Walk(scratch=scratch, rank=rank, closing=closing)
        if not path.is_dir():
            yield _group(walk, [_on_disk(path)], {str(path): path}, path.parent if knows_folder else None)
            return
        found = sorted(each for each in path.rglob("*") if each.is_file() and not each.is_symlink())
        if not found:
            raise UnreadableInput(f"the folder is empty: {path}")
        yield _group(walk, [_on_disk(each) for each in found], {str(each): each for each in found})


def is_dicom(head: bytes) -> bool:
    """True where a file begins as DICOM PS3.10 section 7.1 says."""
    magic, offset = _DICOM_MAGIC
    return head[offset : offset + len(magic)] == magic


def _group(walk: _Walk, found: list[_Found], on_disk: dict[str, Path], folder: Path | None = None) -> Iterator[Input]:
    """Sort the files of one folder into archives, contents and images, and yield them in order."""
    images: set[Path] = set()
    ranked: list[tuple[int, str, Content]] = []
    archives: list[Path] = []
    siblings: dict[str, Content] = _lying_in(folder) if folder is not None else {}
    for each in found:
        try:
            head = _head(each)
        except _DAMAGED as error:
            yield Input(name=each.name, refused=_damage(error))
            continue
        disk = on_disk.get(each.name)
        if is_dicom(head) and not is_report(head):
            assert disk is not None, "images in an archive are found before"
            images.add(disk.parent if len(found) > 1 else disk)
        elif disk is not None and (_is_archive(disk, head)):
            archives.append(disk)
        else:
            content = _content(each, head, lambda: siblings)
            siblings[content.base_name] = content
            ranked.append((walk.rank(replace(content)), content.name, content))  # a copy: it keeps the head it reads
    for _, name, content in sorted(ranked, key=lambda each: each[:2]):
        yield Input(name=name, content=content)
    for archive in archives:
        yield from _archive(walk, archive, str(archive))
    roots = {folder for folder in images if not any(parent in images for parent in folder.parents)}
    for folder in sorted(roots):
        yield Input(name=str(folder), images=folder)


def _lying_in(folder: Path) -> dict[str, Content]:
    """The plain files of a folder, by their names; packed ones unpack when they are read."""
    contents = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.is_symlink():
            found = _on_disk(path)
            content = _content(found, _head(found, 8), lambda: {})
            contents[content.base_name] = content
    return contents


def _archive(walk: _Walk, path: Path, name: str) -> Iterator[Input]:
    if walk.depth >= MAX_DEPTH:
        yield Input(name=name, refused=f"archives within archives more than {MAX_DEPTH} deep")
        return
    try:
        with path.open("rb") as file:
            is_zip = file.read(4) == b"PK\x03\x04"
        found, refused = _zip(walk, path, name) if is_zip else _tar(walk, path, name)
        yield from refused
        if not found and not refused:
            yield Input(name=name, refused="an archive without members")
        heads = {each.name: _head(each, 4096) for each in found}
    except TooLarge as error:
        yield Input(name=name, refused=str(error))
        return
    except _DAMAGED as error:
        yield Input(name=name, refused=_damage(error))
        return
    if any(is_dicom(head) and not is_report(head) for head in heads.values()):
        yield Input(name=name, images=path)  # a CT archive is read as a whole; what else lies in it comes below
        found = [each for each in found if not is_dicom(heads[each.name]) or is_report(heads[each.name])]
    nested = [each for each in found if _is_nested(heads[each.name]) or each.name.lower().endswith(_PACKED_TARS)]
    yield from _group(walk, [each for each in found if each not in nested], {})
    walk.depth += 1
    for each in nested:
        spooled = walk.folder() / PurePosixPath(each.name).name[-100:]
        _spool(walk, each, spooled)
        yield from _archive(walk, spooled, each.name)
    walk.depth -= 1


def _zip(walk: _Walk, path: Path, name: str) -> tuple[list[_Found], list[Input]]:
    archive = walk.closing.enter_context(zipfile.ZipFile(path))
    infos = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda each: each.filename)
    _bound(walk, members=len(infos))
    packed, unpacked = sum(i.compress_size for i in infos), sum(i.file_size for i in infos)
    if unpacked > MAX_RATIO * max(packed, 1) and unpacked > MAX_WHOLE_BYTES:
        raise TooLarge("the archive unpacks to far more than it holds")
    _bound(walk, unpacked=unpacked)
    found, refused = [], []
    for info in infos:
        where = f"{name}!{info.filename}"
        if _leaves(info.filename):
            refused.append(Input(name=where, refused="the member's name leads outside the archive"))
        elif info.flag_bits & 1:
            refused.append(Input(name=where, refused="the member is encrypted"))
        else:
            found.append(_Found(name=where, size=info.file_size, opener=_zip_opener(archive, info)))
    return found, refused


def _zip_opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: archive.open(info)  # type: ignore[return-value]  # IO[bytes] is one


def _tar(walk: _Walk, path: Path, name: str) -> tuple[list[_Found], list[Input]]:
    found: list[_Found] = []
    refused: list[Input] = []
    folder = walk.folder()
    with tarfile.open(path) as archive:
        for count, member in enumerate(archive):
            where = f"{name}!{member.name}"
            _bound(walk, members=1, unpacked=member.size)
            if member.isdir():
                continue
            if _leaves(member.name):
                refused.append(Input(name=where, refused="the member's name leads outside the archive"))
            elif not member.isfile():
                refused.append(Input(name=where, refused="a link or device in an archive"))
            else:
                kept = folder / str(count)
                source = archive.extractfile(member)
                assert source is not None
                with source, kept.open("wb") as target:
                    _copy(source, target, member.size)
                found.append(_Found(name=where, size=member.size, opener=_disk_opener(kept)))
    return sorted(found, key=lambda each: each.name), refused


def _spool(walk: _Walk, found: _Found, path: Path) -> None:
    _bound(walk, unpacked=found.size)
    with found.opener() as source, path.open("wb") as target:
        _copy(source, target, found.size)


def _copy(source: Any, target: BinaryIO, size: int) -> None:
    left = size
    while left > 0 and (piece := source.read(min(left, 1 << 20))):
        target.write(piece)
        left -= len(piece)


def _bound(walk: _Walk, *, members: int = 0, unpacked: int = 0) -> None:
    walk.members += members
    walk.unpacked += unpacked
    if walk.members > MAX_MEMBERS:
        raise TooLarge(f"more than {MAX_MEMBERS} members in one archive")
    if walk.unpacked > MAX_TOTAL_BYTES:
        raise TooLarge("the archive unpacks to more than this instance accepts")


def _content(found: _Found, head: bytes, beside: Callable[[], Siblings]) -> Content:
    """Return a file's content; one packed by itself (`.gz`, `.xz`, `.bz2`) is unpacked while it is read."""
    unpack = next((unpack for magic, unpack in _PACKED if head.startswith(magic)), None)
    if unpack is None:
        return Content(name=found.name, size=found.size, opener=found.opener, beside=beside)
    limit = max(MAX_WHOLE_BYTES, MAX_RATIO * found.size)
    inner = _without_ending(found.name)
    return Content(name=inner, size=found.size, opener=_unpacker(found, unpack, limit), beside=beside)


def _unpacker(found: _Found, unpack: Callable[[Any], Any], limit: int) -> Callable[[], BinaryIO]:
    return lambda: cast(BinaryIO, _Unpacked(found.opener(), unpack, limit))


def _without_ending(name: str) -> str:
    return name[: name.rindex(".")] if name.lower().endswith((".gz", ".xz", ".bz2")) else name


class _Unpacked(io.RawIOBase):
    """A packed file read as it unpacks; one that unpacks to far more than it holds, or is damaged, is an error."""

    def __init__(self, packed: BinaryIO, unpack: Callable[[Any], Any], limit: int) -> None:
        self._packed = packed
        self._source = unpack(packed)
        self._left = limit

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._source.seek(offset, whence))

    def tell(self) -> int:
        return int(self._source.tell())

    def readinto(self, buffer: Any) -> int:
        return self._take(self._source.readinto, buffer)

    def read(self, size: int | None = -1) -> bytes:
        return bytes(self._take(self._source.read, -1 if size is None else size))

    def readline(self, size: int | None = -1) -> bytes:
        return bytes(self._take(self._source.readline, -1 if size is None else size))

    def close(self) -> None:
        if not self.closed:
            self._source.close()
            self._packed.close()  # who is given an open file leaves it open
        super().close()

    def _take(self, read: Callable[[Any], Any], argument: Any) -> Any:
        try:
            taken = read(argument)
        except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
            raise UnreadableInput(f"a damaged packed file ({type(error).__name__})") from None
        self._left -= taken if isinstance(taken, int) else len(taken)
        if self._left < 0:
            raise TooLarge("the file unpacks to far more than it holds")
        return taken


def _on_disk(path: Path) -> _Found:
    return _Found(name=str(path), size=path.stat().st_size, opener=_disk_opener(path))


def _disk_opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _head(found: _Found, size: int = HEAD_BYTES) -> bytes:
    with found.opener() as file:
        return file.read(size)


def _is_archive(path: Path, head: bytes) -> bool:
    return _is_nested(head) or _is_packed_tar(path, head)


def _is_nested(head: bytes) -> bool:
    if head.startswith(b"PK\x03\x04"):
        return not _is_workbook(head)
    return head[257:262] == b"ustar"


def _is_workbook(head: bytes) -> bool:
    """True for XLSX, a zip archive that is one document (ECMA-376 part 2: its first part is the content types)."""
    return b"[Content_Types].xml" in head[:2048] or b"xl/" in head[:2048] or b"_rels/.rels" in head[:200]


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


def _leaves(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/"))
    return parts.is_absolute() or ".." in parts.parts or ":" in name[:3]


def _damage(error: Exception) -> str:
    return f"a damaged or protected archive ({type(error).__name__})"

"""Which files does the table of contents of a CD name, and are they there?

Source: DICOM PS3.3 F.3 (directory records), PS3.10 8.2 (file ids: up to eight components below the DICOMDIR's folder).
"""

from collections.abc import Iterable
from pathlib import Path

from imaging.archive import Limits, SourceFile
from imaging.errors import TooLarge
from imaging.header import Header

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"  # Media Storage Directory Storage, the SOP class of a DICOMDIR
MOST_BYTES = 64 << 20  # a record has about 500 bytes: more than 100,000 images


def named_files(
    dicomdir: Path, records: Iterable[Header], limits: Limits
) -> tuple[tuple[SourceFile, ...], tuple[str, ...]]:
    """Return the images that the records name, and the bare names of those that are not there.

    Nothing outside the DICOMDIR's own folder is opened. CDs are often copied with their names in small letters.

    Raises: TooLarge when it names more files than the limits allow.
    """
    root = dicomdir.resolve().parent
    found: list[SourceFile] = []
    missing: list[str] = []
    for record in records:
        parts = record.get("ReferencedFileID")
        if record.get("DirectoryRecordType") != "IMAGE" or not parts:
            continue
        if len(found) + len(missing) >= limits.files:
            raise TooLarge(f"more than {limits.files} files")
        names = [str(parts)] if isinstance(parts, str) else [str(part) for part in parts]
        path = _inside(root, names)
        if path is None:
            missing.append(Path(names[-1]).name)
        else:
            found.append(SourceFile(name=path.name, path=path))
    return tuple(found), tuple(missing)


def _inside(root: Path, names: list[str]) -> Path | None:
    for parts in (names, [name.lower() for name in names]):
        path = root.joinpath(*parts).resolve()
        if path.is_relative_to(root) and path.is_file():
            return path
    return None

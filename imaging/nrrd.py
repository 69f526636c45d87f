"""A CT kept as NRRD (.nrrd, header and voxels in one file) to the standard volume.

Read here rather than by a library for the reasons in `nifti.py`.

Source: definition of NRRD file format, https://teem.sourceforge.net/nrrd/format.html.
"""

import bz2
import re
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from isal import igzip
from numpy.typing import NDArray

from imaging.archive import LIMITS, Limits
from imaging.errors import BadHeader, NotAVolume, UndecodablePixels
from imaging.raster import DAMAGE, ByteStream, Raster, read_raster
from imaging.volume import Volume

_MAGIC = b"NRRD000"
_MOST_LINE, _MOST_LINES = 1 << 16, 2000  # bytes, and lines: a header of a CT has twenty
_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_STORED = {name: stored for stored, names in _TYPES.items() for name in names}
_TO_LPS = {
    "left-posterior-superior": (1, 1, 1), "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1), "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1), "las": (1, -1, 1),
}  # fmt: skip


def is_nrrd(path: Path) -> bool:
    """Say by its first bytes whether the file is NRRD."""
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def read_nrrd(path: Path, limits: Limits = LIMITS) -> Volume:
    """Return the standard volume of an NRRD file.

    Raises: NotAVolume (not three dimensions, labels, not HU), BadHeader, TooLarge, UndecodablePixels.
    """
    try:
        with path.open("rb") as stream:
            fields, keys = _header(stream)
            if any(key.startswith("Segment") for key in keys):
                raise NotAVolume("the file holds a segmentation, not Hounsfield units")
            return read_raster(_raster(fields), _unpacked(stream, fields), limits)
    except DAMAGE as error:
        raise UndecodablePixels("the NRRD file is damaged or cut short") from error


def _header(stream: BinaryIO) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the fields in small letters, and the names of the free keys; the stream then stands at the voxels."""
    fields: dict[str, str] = {}
    keys: list[str] = []
    stream.readline(_MOST_LINE)
    for _ in range(_MOST_LINES):
        line = stream.readline(_MOST_LINE)
        if not line.strip():
            if not line:
                raise UndecodablePixels("the file ends inside its header")
            return fields, tuple(keys)
        text = line.decode("ascii", "replace").strip()
        if text.startswith("#"):
            continue
        key, free, _ = text.partition(":=")
        if free:
            keys.append(key)
            continue
        name, _, value = text.partition(":")
        fields[name.strip().lower().replace("data file", "datafile")] = value.strip()
    raise BadHeader("the NRRD header does not end")


def _raster(fields: dict[str, str]) -> Raster:
    if "datafile" in fields:
        raise BadHeader("the voxels lie in another file (detached header); send one file")
    if fields.get("line skip", "0") != "0" or fields.get("byte skip", "0") != "0":
        raise BadHeader("voxels that begin after a skip are not read")
    stored = _STORED.get(fields.get("type", "").lower())
    if stored is None:
        raise NotAVolume("the voxels are of a kind that holds no Hounsfield units")
    sizes = _numbers(fields.get("sizes", ""))
    if not all(size.is_integer() for size in sizes):
        raise BadHeader("the sizes of the volume are no whole numbers")
    if len(sizes) != 3:
        raise NotAVolume(f"the file holds {len(sizes)} dimensions; one volume has three")
    order = {"little": "<", "big": ">"}.get(fields.get("endian", "").lower(), "|" if stored[1] == "1" else "")
    if not order:
        raise BadHeader("the header does not say the order of the bytes")
    return Raster(
        shape_xyz=(int(sizes[0]), int(sizes[1]), int(sizes[2])),
        stored=np.dtype(order + stored),
        affine_lps=_affine(fields),
    )


def _affine(fields: dict[str, str]) -> NDArray[np.float64]:
    """Return voxel to LPS mm (4, 4).

    Raises: BadHeader where the header does not say how the volume lies in the patient: a side would be a guess.
    """
    signs = _TO_LPS.get(fields.get("space", "").lower())
    directions = _numbers(fields.get("space directions", ""))
    origin = _numbers(fields.get("space origin", ""))
    if signs is None or len(directions) != 9 or len(origin) != 3:
        raise BadHeader("the file does not say how it lies in the patient (space, space directions, space origin)")
    if any(unit != "mm" for unit in re.findall(r'"([^"]*)"', fields.get("space units", ""))):
        raise BadHeader("the positions are not in mm")
    if not np.isfinite([*directions, *origin]).all():
        raise BadHeader("the voxel size or position in the header is impossible")
    affine = np.eye(4)
    affine[:3, :3] = np.array(directions).reshape(3, 3).T
    affine[:3, 3] = origin
    return np.diag([*signs, 1.0]) @ affine


def _numbers(text: str) -> list[float]:
    try:
        return [float(one) for one in re.split(r"[\s,()]+", text) if one]
    except ValueError:
        return []


def _unpacked(stream: BinaryIO, fields: dict[str, str]) -> ByteStream:
    encoding = fields.get("encoding", "").lower()
    if encoding == "raw":
        return stream
    if encoding in ("gzip", "gz"):
        return cast(ByteStream, igzip.IGzipFile(fileobj=stream))
    if encoding in ("bzip2", "bz2"):
        return bz2.BZ2File(stream)
    raise BadHeader("the voxels are written in an encoding that is not read (raw, gzip and bzip2 are)")

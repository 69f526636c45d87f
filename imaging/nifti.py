"""A CT kept as NIfTI (.nii, .nii.gz) to the standard volume, and the standard volume to NIfTI.

Read here rather than by a library, so that the header is judged before a voxel is read, a packed bomb cannot unfold and
no second copy of the volume is made. NIfTI's axes run right, anterior, superior; ours left, posterior, superior.

Source: NIfTI-1.1 (nifti1.h, method 2 and 3) and NIfTI-2 (nifti2.h), https://nifti.nimh.nih.gov.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from isal import igzip
from numpy.typing import NDArray

from imaging.archive import LIMITS, Limits
from imaging.errors import BadHeader, NotAVolume, TooLarge, UndecodablePixels
from imaging.raster import DAMAGE, ByteStream, Raster, exactly, read_raster
from imaging.volume import Volume

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_STORED = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_NOT_NUMBERS = {128: "colour", 2304: "colour", 32: "complex", 1792: "complex", 2048: "complex", 1: "single bits"}
_UNITS_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}  # unknown is taken as mm, as every tool does
_LABEL_INTENT = 1002
_MOST_EXTENSIONS = 64 << 20  # bytes before the voxels; extensions hold a header or a history
_FORMS_DIFFER_MM = 0.5  # at the far corner; what the two forms of a header may differ by through rounding is less
_HEAD_BYTES = 352  # header of version 1 with its extension flag: what voxels follow in a file we write


def is_nifti(path: Path) -> bool:
    """Say by its first bytes, unpacked if need be, whether the file is NIfTI."""
    try:
        with _opened(path) as stream:
            head = stream.read(348)
    except DAMAGE:
        return False
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def read_nifti(path: Path, limits: Limits = LIMITS) -> Volume:
    """Return the standard volume of a NIfTI file.

    Raises: NotAVolume (4-D, colour, labels, not HU), BadHeader, TooLarge, UndecodablePixels (damaged or cut short).
    """
    try:
        with _opened(path) as stream:
            raster, offset, size = _header(stream)
            exactly(stream, offset - size, UndecodablePixels)
            return read_raster(raster, stream, limits)
    except DAMAGE as error:
        raise UndecodablePixels("the NIfTI file is damaged or cut short") from error


def write_nifti(volume: Volume, path: Path) -> None:
    """Write HU as int16 NIfTI-1 in the volume's own voxel order, packed when the name ends in .gz; padding is -1024."""
    stream = igzip.open(path, "wb", compresslevel=1) if path.name.endswith(".gz") else path.open("wb")
    with cast(BinaryIO, stream) as out:
        out.write(_head(volume))
        for one in volume.hu:
            out.write(np.ascontiguousarray(one, "<i2").data)


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, igzip.open(path, "rb")) if packed else path.open("rb")


def _header(stream: ByteStream) -> tuple[Raster, int, int]:
    """Return what the header says, where the voxels begin, and how many bytes of it were read."""
    size_bytes = exactly(stream, 4, UndecodablePixels)
    for order in "<>":
        (size,) = struct.unpack(order + "i", size_bytes)
        if size in (348, 540):
            break
    else:
        raise BadHeader("this is no NIfTI header")
    raw = size_bytes + exactly(stream, size - 4, UndecodablePixels)

    def at(kind: str, first: int, second: int) -> tuple[float, ...]:
        """Unpack fields by their place in version 1 or 2; small and capital letters tell the width in each."""
        kinds = kind.split("|")
        return struct.unpack_from(order + kinds[size == 540], raw, first if size == 348 else second)

    if raw[344:348] == b"ni1\0" or (size == 540 and raw[4:8] == b"ni2\0"):
        raise BadHeader("the voxels lie in a second file (.hdr and .img); send one file")
    (offset,) = at("f|q", 108, 168)
    if not size <= offset <= size + _MOST_EXTENSIONS:
        raise TooLarge("the header says that the voxels begin where none can")
    (units,) = at("B|i", 123, 500)
    affine, notes = _affine(at, _UNITS_MM.get(int(units) & 7, 1.0))
    slope, intercept = at("2f|2d", 112, 176)
    raster = Raster(
        shape_xyz=_shape(at),
        stored=np.dtype(order + _stored(at)),
        affine_lps=RAS_TO_LPS @ affine,
        slope=slope or 1.0,  # 0 says that the values are not scaled
        intercept=intercept if slope else 0.0,
        warnings=notes,
    )
    return raster, int(offset), size


_At = Callable[[str, int, int], tuple[float, ...]]


def _shape(at: _At) -> tuple[int, int, int]:
    dimensions = [int(one) for one in at("8h|8q", 40, 16)]
    used = dimensions[1 : 1 + dimensions[0]] if 1 <= dimensions[0] <= 7 else []
    if len(used) < 3:
        raise NotAVolume("the file does not hold three dimensions")
    if any(one != 1 for one in used[3:]):
        raise NotAVolume(f"the file holds {len(used)} dimensions (several volumes); one volume is read")
    return used[0], used[1], used[2]


def _stored(at: _At) -> str:
    (intent,), (kind,) = at("h|i", 68, 504), at("h|h", 70, 12)
    if intent == _LABEL_INTENT:
        raise NotAVolume("the file holds labels, not Hounsfield units")
    if kind not in _STORED:
        raise NotAVolume(f"the voxels are {_NOT_NUMBERS.get(int(kind), 'of an unknown kind')}, not Hounsfield units")
    return _STORED[int(kind)]


@np.errstate(all="ignore")  # numbers that overflow are found by their result
def _affine(at: _At, unit_mm: float) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return voxel to RAS mm (4, 4): the sform where it is told, else the qform.

    Raises: BadHeader when neither is: which side is left would be a guess.
    """
    (qform,), (sform,) = at("h|i", 252, 344), at("h|i", 254, 348)
    if sform <= 0 and qform <= 0:
        raise BadHeader("the file does not say how it lies in the patient (neither sform nor qform)")
    affine = _sform(at) if sform > 0 else _qform(at)
    if not np.isfinite(affine).all():
        raise BadHeader("the voxel size or position in the header is impossible")
    notes: tuple[str, ...] = ()
    if sform > 0 and qform > 0:
        far = np.array([*_shape(at), 1.0])
        if not np.abs(_sform(at) @ far - _qform(at) @ far).max() <= _FORMS_DIFFER_MM / unit_mm:
            notes = ("the file tells two different positions; the sform was taken",)
    affine[:3] *= unit_mm
    return affine, notes


def _sform(at: _At) -> NDArray[np.float64]:
    return np.vstack([np.array(at("12f|12d", 280, 400)).reshape(3, 4), [0, 0, 0, 1]])


def _qform(at: _At) -> NDArray[np.float64]:
    """Source: nifti1.h, method 2: a unit quaternion (a told by b, c, d), voxel sizes, and a sign for the third axis."""
    b, c, d, *origin = at("6f|6d", 256, 352)
    sign, *sizes = at("4f|4d", 76, 104)
    a = np.sqrt(max(0.0, 1 - b * b - c * c - d * d))
    rotation = [
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ]
    affine = np.eye(4)
    affine[:3, :3] = np.array(rotation) * [sizes[0], sizes[1], sizes[2] * (-1 if sign < 0 else 1)]
    affine[:3, 3] = origin
    return affine


def _head(volume: Volume) -> bytes:
    """Return header and extension flag of NIfTI-1: little endian, int16, sform only (code 1, scanner)."""
    head = bytearray(_HEAD_BYTES)
    affine = RAS_TO_LPS @ volume.affine_lps
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, *volume.hu.shape[::-1], 1, 1, 1, 1)
    struct.pack_into("<2h", head, 70, 4, 16)
    struct.pack_into("<8f", head, 76, 1, *volume.spacing_mm, 1, 1, 1, 1)
    struct.pack_into("<3f", head, 108, _HEAD_BYTES, 1, 0)
    head[123] = 2  # mm
    struct.pack_into("<h", head, 254, 1)
    struct.pack_into("<12f", head, 280, *affine[:3].ravel())
    head[344:348] = b"n+1\0"
    return bytes(head)

"""The voxels of a plain volume file (NIfTI, NRRD) to Hounsfield units: one slice at a time, nothing taken on trust.

Such a file does not say that it is a CT. What cannot be Hounsfield units is refused; the rest is taken at its word, and
a warning says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from imaging import scale
from imaging.archive import Limits
from imaging.errors import BadHeader, NotAVolume, TooLarge, UndecodablePixels
from imaging.geometry import LENGTH_MM, PIXEL_MM, SLICE_MM
from imaging.padding import PaddingFinder
from imaging.volume import AIR_HU, Provenance, Volume, oriented

PERPENDICULAR = 0.002  # cosine, 0.1 degrees: float32 rounding of a header stays below, a sheared grid does not
# What a damaged file and its unpacking raise. isal's stub declares its error class as an instance.
DAMAGE: tuple[type[Exception], ...] = (OSError, EOFError, isal_zlib.error)  # type: ignore[assignment]
TAKEN_ON_TRUST = "the file does not say that it is a CT; its values were taken as Hounsfield units"


class ByteStream(Protocol):
    """What voxels are read from, packed or not."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""


@dataclass(frozen=True, kw_only=True)
class Raster:
    """What a header says: the grid (X, Y, Z), how a voxel is stored, how it becomes HU, where it lies (LPS mm)."""

    shape_xyz: tuple[int, int, int]
    stored: np.dtype[np.generic]
    affine_lps: NDArray[np.float64]
    slope: float = 1.0
    intercept: float = 0.0
    warnings: tuple[str, ...] = ()


@np.errstate(all="ignore")  # numbers that overflow are found by their result
def read_raster(raster: Raster, stream: ByteStream, limits: Limits) -> Volume:
    """Return the standard volume; beside it one slice of the file is held.

    Raises: NotAVolume, BadHeader, TooLarge by the header, before a voxel is read; UndecodablePixels (cut short);
    NotAVolume when the values are no Hounsfield units.
    """
    _refuse_unfit(raster, limits)
    columns, rows, slices = raster.shape_xyz
    hu = np.empty((slices, rows, columns), np.int16)
    missing = None
    for number in range(slices):
        values = _slice(raster, stream)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            missing = np.zeros(hu.shape, bool) if missing is None else missing
            missing[number] = ~np.isfinite(values)
            values = np.where(missing[number], AIR_HU, values)
        hu[number] = values if values.dtype == np.int16 else np.clip(np.rint(values), -32768, 32767)
    stream.read(1)  # at the end a packed stream checks its sum
    hu, affine, missing = oriented(hu, raster.affine_lps, missing)
    padding = _padding(hu, missing)
    doubts = _doubted_scale(hu, padding)
    if padding is not None:
        hu[padding] = AIR_HU
    said = Provenance(files=1, warnings=(TAKEN_ON_TRUST, *raster.warnings, *doubts))
    return Volume(hu=hu, affine_lps=affine, padding=padding, provenance=said)


def exactly(stream: ByteStream, size: int, problem: Callable[[str], Exception]) -> bytes:
    """Return `size` bytes of a stream that may give them in parts; raises `problem` when it ends before."""
    parts: list[bytes] = []
    left = size
    while left and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    if left:
        raise problem("the file is cut short")
    return b"".join(parts)


def _slice(raster: Raster, stream: ByteStream) -> NDArray[np.generic]:
    columns, rows, _ = raster.shape_xyz
    data = exactly(stream, columns * rows * raster.stored.itemsize, UndecodablePixels)
    values: NDArray[np.generic] = np.frombuffer(data, raster.stored).reshape(rows, columns)
    if (raster.slope, raster.intercept) != (1.0, 0.0):
        values = values.astype(np.float64) * raster.slope + raster.intercept
    return values


def _refuse_unfit(raster: Raster, limits: Limits) -> None:
    columns, rows, slices = raster.shape_xyz
    if min(raster.shape_xyz) < 1:
        raise NotAVolume(f"a grid of {columns} x {rows} x {slices} holds no voxel")
    if min(raster.shape_xyz) < 2:
        raise NotAVolume("a single slice is not a volume")
    if columns * rows > limits.pixels_per_slice or columns * rows * slices > limits.voxels:
        raise TooLarge(f"{slices} slices of {rows} x {columns} are more than is read at once")
    if not (np.isfinite(raster.slope) and np.isfinite(raster.intercept) and 0 < abs(raster.slope) < 1e4):
        raise BadHeader("the scale of the stored values is impossible")
    if not (np.abs(raster.affine_lps) < 1e6).all():  # NaN fails too; 1 km is no patient
        raise BadHeader("the voxel size or position in the header is impossible")
    axes = raster.affine_lps[:3, :3]
    lengths = np.linalg.norm(axes, axis=0)
    sides = lengths * raster.shape_xyz
    # A part that was cut out may be small; nothing that is large was ever in a gantry.
    if not ((lengths >= PIXEL_MM[0]) & (lengths <= SLICE_MM[1]) & (sides <= LENGTH_MM)).all():
        told = " x ".join(f"{mm:g}" for mm in lengths), " x ".join(f"{mm:.0f}" for mm in sides)
        raise BadHeader(f"impossible for a CT: voxels of {told[0]} mm, {told[1]} mm in all")
    cosines = (axes / lengths).T @ (axes / lengths)
    if np.abs(cosines - np.eye(3)).max() > PERPENDICULAR:
        raise BadHeader("the axes of the grid are not perpendicular (an uncorrected gantry tilt?)")


def _doubted_scale(hu: NDArray[np.int16], missing: NDArray[np.bool_] | None) -> tuple[str, ...]:
    """Return the doubts of `scale.doubt`; of a file that does not say it is a CT, what holds one value is refused."""
    if missing is not None and missing.all():
        raise NotAVolume("no voxel holds a number")
    low, high = int(hu.min()), int(hu.max())
    if low < 0 and high - low < scale.LEAST_SPAN_HU:
        raise NotAVolume(f"the values span only {low} to {high}: they are not Hounsfield units")
    if low >= 0:
        raise NotAVolume("no value lies below 0: these are labels or raw values, not Hounsfield units")
    doubted = scale.doubt(hu, missing)
    return (doubted,) if doubted else ()


def _padding(hu: NDArray[np.int16], missing: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    finder, padding = PaddingFinder(), missing
    for number, values in enumerate(hu):
        found = finder.find(values, None)
        if found is not None:
            padding = np.zeros(hu.shape, bool) if padding is None else padding
            padding[number] |= found
    return padding

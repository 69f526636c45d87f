"""What lies in a folder of cut-out lumps: `image/*.nii.gz`, `mask/*.nii.gz` and `nodules.csv`?

Of `nodules.csv` only `file` and the centre (coordX, coordY, coordZ; LPS mm) are read: whatever else a row says of the
lump cannot reach the answer.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from imaging.errors import ImagingError, NoImages, NotAVolume, TooLarge, UndecodablePixels

MOST_VOXELS = 64_000_000  # a crop of a lump has some 10,000; more is no crop
NEAR_MM = 5.0  # a part of the mask this near to the centre is the lump that is meant; farther, the nearest part counts


@dataclass(frozen=True, kw_only=True)
class CutOut:
    """One lump: hu (Z, Y, X), mask (Z, Y, X), mm along z, y, x; `content` is the SHA-256 of the picture's voxels."""

    case: str
    hu: NDArray[np.int16]
    mask: NDArray[np.bool_]
    spacing_zyx: tuple[float, float, float]
    content: str


def rows_of(folder: Path) -> list[tuple[str, tuple[float, float, float]]]:
    """Return file name and centre of each row of `nodules.csv`, in its order.

    Raises: NoImages when there is no such table; NotAVolume when a row names no file or no centre.
    """
    table = folder / "nodules.csv"
    if not table.is_file():
        raise NoImages("there is no nodules.csv in this folder")
    found = []
    with table.open(encoding="utf-8-sig", newline="") as opened:
        for number, row in enumerate(csv.DictReader(opened), start=2):
            name = (row.get("file") or "").strip()
            if not name or Path(name).name != name:
                raise NotAVolume(f"nodules.csv line {number}: `file` is not a file name")
            try:
                x, y, z = (float(row.get(axis) or "") for axis in ("coordX", "coordY", "coordZ"))
            except ValueError:
                raise NotAVolume(f"nodules.csv line {number}: the centre is not three numbers") from None
            if not all(map(isfinite, (x, y, z))):
                raise NotAVolume(f"nodules.csv line {number}: the centre is not three numbers")
            found.append((name, (x, y, z)))
    return found


def cut_outs(folder: Path) -> Iterator[CutOut | tuple[str, ImagingError]]:
    """Yield each row's lump, or its case and why it could not be read."""
    for name, centre in rows_of(folder):
        try:
            yield read_cut_out(folder, name, centre)
        except ImagingError as error:
            yield stem(name), error


def stem(name: str) -> str:
    """Return the case of a file: its name without .nii or .nii.gz."""
    return name.removesuffix(".gz").removesuffix(".nii")


def read_cut_out(folder: Path, name: str, centre_lps_mm: tuple[float, float, float]) -> CutOut:
    """Return one lump.

    Raises: ImagingError kinds: not there, unreadable, not of three dimensions, mask and picture of different shape,
    nothing drawn.
    """
    image, drawn = _read(folder / "image" / name, "picture"), _read(folder / "mask" / name, "mask")
    if image.GetSize() != drawn.GetSize():
        raise NotAVolume(f"picture {image.GetSize()} and mask {drawn.GetSize()} differ in shape")
    values = sitk.GetArrayFromImage(image)
    hu = np.clip(np.rint(values), -32768, 32767).astype(np.int16)
    inside = sitk.GetArrayFromImage(drawn) > 0
    if not inside.any():
        raise NotAVolume("the mask is empty")
    x, y, z = image.GetSpacing()
    at = np.array(image.TransformPhysicalPointToContinuousIndex(centre_lps_mm))[::-1]
    content = sha256(repr(hu.shape).encode() + np.ascontiguousarray(hu).tobytes()).hexdigest()
    return CutOut(
        case=stem(name), hu=hu, mask=_meant(inside, at, (z, y, x)), spacing_zyx=(z, y, x), content=content[:32]
    )


def _read(path: Path, what: str) -> sitk.Image:
    if not path.is_file():
        raise NoImages(f"the {what} is not there")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
            raise NotAVolume(f"the {what} is not of three dimensions and one value a voxel")
        if np.prod(reader.GetSize(), dtype=float) > MOST_VOXELS:
            raise TooLarge(f"the {what} has more than {MOST_VOXELS:,} voxels")
        return reader.Execute()
    except RuntimeError:  # SimpleITK's only error; its message names the file with its folders
        raise UndecodablePixels(f"the {what} cannot be read as NIfTI") from None


def _meant(
    inside: NDArray[np.bool_], at: NDArray[np.float64], spacing_zyx: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Return the whole mask when it is drawn in one piece or near the centre, else the piece nearest to the centre."""
    numbers, count = ndimage.label(inside, np.ones((3, 3, 3)))
    if count == 1:
        return inside
    apart = np.linalg.norm((np.argwhere(inside) - at) * spacing_zyx, axis=1)
    pieces = numbers[inside]
    nearest = min(range(1, count + 1), key=lambda piece: (float(apart[pieces == piece].min()), piece))
    close = {piece for piece in range(1, count + 1) if apart[pieces == piece].min() <= NEAR_MM} | {nearest}
    chosen: NDArray[np.bool_] = np.isin(numbers, sorted(close))
    return chosen

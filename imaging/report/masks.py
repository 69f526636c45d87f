"""What part of a frame belongs to which segment? The stored pixels of a segmentation as shares, one frame at a time.

Source: DICOM PS3.3 C.8.20.2 (segmentation image), PS3.5 8.1.1 (bits are packed across frames, lowest first).
"""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels import iter_pixels

from imaging import header
from imaging.errors import DamagedReport, UndecodablePixels
from imaging.report.file import DAMAGE, Opened
from imaging.report.frames import Frame
from imaging.report.survey import Layout, Place

Kind = Literal["binary", "probability", "occupancy", "labelmap"]


def masks(
    dataset: Dataset, opened: Opened, layout: Layout, kind: Kind, frames: list[Frame]
) -> Iterator[NDArray[Any]]:  # Any: labels are whole numbers, shares are bool or float32
    """Yield one array (Y, X) a frame: labels of a label map; else what share of each voxel is in the frame's segment.

    A voxel of a probability map counts whole from one half on: summing small probabilities over a whole image would
    measure the image. Raises: UndecodablePixels, DamagedReport.
    """
    if layout.pixels is None:
        raise UndecodablePixels("there is no pixel data")
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    bits = int(header.number(dataset, "BitsAllocated") or 1)
    if bits not in (1, 8, 16) or (header.number(dataset, "SamplesPerPixel") or 1) != 1:
        raise UndecodablePixels(f"a segmentation of {bits} bits a pixel")
    if layout.pixels.length is None:
        stored = _unpacked(opened, len(frames))
    else:
        stored = _plain(opened, layout.pixels, len(frames), rows * columns, bits)
    full = header.number(dataset, "MaximumFractionalValue") or 255.0
    for frame in stored:
        if frame.size != rows * columns or frame.dtype.kind not in "bui":
            raise UndecodablePixels(f"a frame of {frame.size} pixels where {rows} x {columns} are announced")
        plane = frame.reshape(rows, columns)
        if kind == "labelmap":
            yield plane
        elif kind == "binary":
            yield plane != 0
        elif kind == "occupancy":
            yield (plane / np.float32(full)).clip(0, 1)
        else:
            yield plane >= full / 2


def _plain(opened: Opened, place: Place, count: int, pixels: int, bits: int) -> Iterator[NDArray[Any]]:
    assert place.length is not None
    if place.length < (count * pixels * bits + 7) // 8:
        raise DamagedReport("there are fewer pixels than the frames need")
    word = np.dtype(np.uint16).newbyteorder("<" if opened.is_little_endian else ">") if bits == 16 else np.uint8
    for index in range(count):
        first, last = index * pixels * bits, (index + 1) * pixels * bits
        opened.stream.seek(place.begins_at + first // 8)
        data = opened.stream.read((last + 7) // 8 - first // 8)
        if bits == 1:
            packed = np.frombuffer(data, dtype=np.uint8)
            yield np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + pixels]
        else:
            yield np.frombuffer(data, dtype=word)


def _unpacked(opened: Opened, count: int) -> Iterator[NDArray[Any]]:
    opened.stream.seek(0)
    read = 0
    try:
        for frame in iter_pixels(opened.stream, raw=True):
            read += 1
            yield frame
    except DAMAGE as error:
        raise UndecodablePixels(f"the frames cannot be decoded ({type(error).__name__})") from error
    if read != count:
        raise DamagedReport(f"{count} frames are described, {read} are there")

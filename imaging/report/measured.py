"""How large is each segment, and in which box does it lie? Voxels times their spacing, in LPS mm.

A volume is told only where frames are parallel, dated by place once each, and their distance is known.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from imaging.errors import BadHeader, DamagedReport, SeriesError
from imaging.geometry import SAME_PLACE_MM, UNEVEN_SHARE, distances
from imaging.report.frames import Frame

Point = tuple[float, float, float]
Rectangle = tuple[slice, slice]


NO_FRAME, NO_VOXEL = "no frame holds this segment", "no voxel is in the segment"
NOTHING_OUTLINED = frozenset({NO_FRAME, NO_VOXEL})
"""Reasons for no volume that say: there is no outline either."""


@dataclass(kw_only=True)
class Extent:
    """What is summed up of one segment while frames pass: area of its voxels, its planes, its box."""

    frames: int = 0
    area_mm2: float = 0.0
    planes: list[int] = field(default_factory=list)
    box: tuple[Point, Point] | None = None
    is_unscaled: bool = False

    def widen(self, corners: NDArray[np.float64]) -> None:
        """Take the corners (N, 3) into the box."""
        low, high = corners.min(axis=0), corners.max(axis=0)
        if self.box is not None:
            low, high = np.minimum(low, self.box[0]), np.maximum(high, self.box[1])
        self.box = (_point(low), _point(high))


@dataclass(frozen=True, kw_only=True)
class Size:
    """The extents by segment number, the distance of slices in mm, or why no volume can be told."""

    segments: dict[int, Extent]
    slice_mm: float | None
    why_none: str
    spacing_mm: tuple[float, float, float] | None

    def volume_ml(self, number: int) -> tuple[float | None, str]:
        """Return a segment's volume in mL, or None and the reason."""
        extent = self.segments.get(number)
        if extent is None or extent.frames == 0:
            return None, NO_FRAME
        if self.slice_mm is None:
            return None, self.why_none
        if extent.is_unscaled:
            return None, "the pixel spacing is not stated"
        if len(set(extent.planes)) != len(extent.planes):
            return None, "several frames of the segment lie at one place"
        if extent.area_mm2 == 0:
            return None, NO_VOXEL
        return extent.area_mm2 * self.slice_mm / 1000.0, ""


def measured(frames: list[Frame], masks: Iterable[NDArray[Any]], rows: int, columns: int) -> Size:
    """Return what each segment measures, from the frames and their masks (rows, columns) in the same order."""
    planes, slice_mm, why = _planes(frames)
    segments: dict[int, Extent] = {}
    for frame, mask, plane in zip(frames, masks, planes, strict=True):
        for number, amount, box in _parts(frame, mask):
            extent = segments.setdefault(number, Extent())
            extent.frames += 1
            extent.planes.append(plane)
            if frame.pixel_spacing is None or not min(frame.pixel_spacing) > 0:
                extent.is_unscaled = True
            else:
                extent.area_mm2 += amount * frame.pixel_spacing[0] * frame.pixel_spacing[1]
                if box is not None and slice_mm is not None:
                    extent.widen(_corners(frame, box, slice_mm))
    spacings = {frame.pixel_spacing for frame in frames}
    only = next(iter(spacings)) if len(spacings) == 1 else None
    spacing = (slice_mm, only[0], only[1]) if slice_mm is not None and only is not None else None
    return Size(segments=segments, slice_mm=slice_mm, why_none=why, spacing_mm=spacing)


def _parts(frame: Frame, mask: NDArray[Any]) -> Iterator[tuple[int, float, Rectangle | None]]:
    """Yield the segments of a frame: number, how many voxels' worth, and the rectangle around them."""
    if frame.segment is not None:
        (box,) = find_objects((mask > 0).astype(np.uint8), 1) or (None,)
        yield frame.segment, float(mask.sum(dtype=np.float64)), box
        return
    if mask.dtype.kind not in "ui":
        raise DamagedReport("a frame without a segment number")
    counts = np.bincount(mask.ravel())
    boxes = find_objects(mask.astype(np.int32), len(counts))
    for number in np.flatnonzero(counts):
        if number > 0:
            yield int(number), float(counts[number]), boxes[number - 1]


def _planes(frames: list[Frame]) -> tuple[list[int], float | None, str]:
    """Return the number of each frame's plane, the distance of planes in mm, or why it is not known."""
    nowhere = [0] * len(frames)
    if any(frame.position is None or frame.orientation is None for frame in frames):
        return nowhere, None, "the frames have no place in the patient"
    try:
        mm = distances(np.array([f.position for f in frames]), np.array([f.orientation for f in frames]))
    except BadHeader as error:
        return nowhere, None, str(error)
    except SeriesError:
        return nowhere, None, "the frames are not parallel"
    places = np.unique(np.rint(mm / SAME_PLACE_MM)) * SAME_PLACE_MM
    numbers = [int(n) for n in np.searchsorted(places, mm - SAME_PLACE_MM)]
    gaps = np.diff(places)
    gaps = gaps[gaps > 2 * SAME_PLACE_MM]
    nearest = float(gaps.min()) if len(gaps) else None
    between = _only(frame.slice_spacing for frame in frames)
    # frames that hold nothing may be left out, so planes can be farther apart than slices are, but never nearer
    if between and (nearest is None or nearest > between * (1 - UNEVEN_SHARE)):
        return numbers, between, ""
    if nearest is not None:
        return numbers, nearest, ""
    if thickness := _only(frame.thickness for frame in frames):
        return numbers, thickness, ""
    return numbers, None, "the distance of slices is not stated"


def _only(values: Iterable[float | None]) -> float | None:
    """Return the one length that all state, None where they differ, are silent, or state none above 0."""
    stated = {abs(value) for value in values if value}
    return stated.pop() if len(stated) == 1 else None


def _corners(frame: Frame, box: Rectangle, slice_mm: float) -> NDArray[np.float64]:
    """Return the eight corners (8, 3) of the voxels in a rectangle, to their outer faces, in LPS mm."""
    assert frame.position is not None and frame.orientation is not None and frame.pixel_spacing is not None
    along_row, along_column = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
    normal = np.cross(along_row, along_column)
    ys, xs = box
    return np.array(
        [
            np.array(frame.position)
            + along_column * (y - 0.5) * frame.pixel_spacing[0]
            + along_row * (x - 0.5) * frame.pixel_spacing[1]
            + normal * z * slice_mm
            for y in (ys.start, ys.stop)
            for x in (xs.start, xs.stop)
            for z in (-0.5, 0.5)
        ]
    )


def _point(values: NDArray[np.float64]) -> Point:
    return float(values[0]), float(values[1]), float(values[2])

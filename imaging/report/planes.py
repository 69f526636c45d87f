"""Where exactly is each segment of a DICOM segmentation? Its frames as masks with their places, for a volume.

`segmentation.py` tells sizes without keeping a pixel; this keeps them all, as bits of a label map.
"""

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from imaging import header
from imaging.archive import LIMITS
from imaging.errors import BadHeader, DamagedReport, TooLarge
from imaging.geometry import SAME_PLACE_MM, UNEVEN_SHARE
from imaging.report.file import damage_named
from imaging.report.frames import Frame
from imaging.report.masks import masks
from imaging.report.segmentation import frames_within_limits, kind_of, surveyed

HALF = 0.5  # a voxel that is shared counts to the segment that has at least half of it


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlined:
    """The segments on one grid: `voxels` uint16 (Z, Y, X), `members` the segments a number stands for.

    Segments may overlap: a voxel of two of them has a number of its own. `names` has what a segment may be called,
    the most specific first.
    """

    voxels: NDArray[np.uint16]
    affine_lps: NDArray[np.float64]
    members: dict[int, tuple[int, ...]]
    names: dict[int, tuple[str, ...]]
    frame_of_reference_uid: str


def read_outlined(file: BinaryIO) -> Outlined:
    """Return the segments of a DICOM segmentation as one volume of numbers.

    Raises: NotAReport, ProtectedReport, DamagedReport, TooLarge; BadHeader when the frames' places make no grid.
    """
    with damage_named():
        dataset, opened, layout = surveyed(file)
        kind = kind_of(dataset)
        frames = frames_within_limits(dataset, opened, layout)
        affine, places = _grid(frames)
        shape = max(places) + 1, int(dataset.Rows), int(dataset.Columns)
        if np.prod(shape) > LIMITS.voxels:
            raise TooLarge("a segmentation whose slices lie too far apart")
        voxels = np.zeros(shape, np.uint16)
        members: dict[int, tuple[int, ...]] = {0: ()}
        for frame, place, plane in zip(frames, places, masks(dataset, opened, layout, kind, frames), strict=True):
            if frame.segment is None:
                for number in np.unique(plane[plane > 0]).tolist():
                    _add(voxels[place], plane == number, int(number), members)
            else:
                _add(voxels[place], plane >= HALF, frame.segment, members)
        names = {int(header.number(one, "SegmentNumber") or 0): _names(one) for one in dataset.SegmentSequence}
        return Outlined(
            voxels=voxels,
            affine_lps=affine,
            members=members,
            names=names,
            frame_of_reference_uid=header.text(dataset, "FrameOfReferenceUID") or "",
        )


def _add(
    plane: NDArray[np.uint16], inside: NDArray[np.bool_], segment: int, members: dict[int, tuple[int, ...]]
) -> None:
    """Give the voxels inside the number that stands for what they were and this segment."""
    for before in np.unique(plane[inside]).tolist():
        together = tuple(sorted({*members[before], segment}))
        after = next((number for number, those in members.items() if those == together), len(members))
        if after > np.iinfo(np.uint16).max:
            raise DamagedReport("the segments overlap in too many ways")
        members[after] = together
        if after != before:
            plane[inside & (plane == before)] = after


def _grid(frames: list[Frame]) -> tuple[NDArray[np.float64], list[int]]:
    """Return the affine of the grid that the frames lie on, and the slice of each frame on it."""
    first = frames[0]
    if first.position is None or first.orientation is None or first.pixel_spacing is None:
        raise BadHeader("the frames of the segmentation do not say where they lie")
    if min(first.pixel_spacing) <= 0:
        raise BadHeader("the frames of the segmentation have no size")
    along_row, along_column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    normal = np.cross(along_row, along_column)
    if any(one.position is None or one.orientation != first.orientation for one in frames):
        raise BadHeader("the frames of the segmentation are not parallel")
    origins = np.array([one.position for one in frames], float)
    along = origins @ normal
    steps = np.diff(np.unique(np.round(along, 3)))
    steps = steps[steps > SAME_PLACE_MM]
    stated = first.slice_spacing or first.thickness
    step = float(steps.min()) if steps.size else float(stated or 0)
    if step <= 0:
        raise BadHeader("the distance of the segmentation's slices is not known")
    places = (along - along.min()) / step
    aside = origins - origins[0] - np.outer(along - along[0], normal)
    if np.abs(places - places.round()).max() > UNEVEN_SHARE or np.abs(aside).max() > SAME_PLACE_MM:
        raise BadHeader("the frames of the segmentation lie on no even grid")
    affine = np.eye(4)
    affine[:3, 0] = along_row * first.pixel_spacing[1]
    affine[:3, 1] = along_column * first.pixel_spacing[0]
    affine[:3, 2] = normal * step
    affine[:3, 3] = origins[int(along.argmin())]
    return affine, places.round().astype(int).tolist()


def _names(item: Dataset) -> tuple[str, ...]:
    told = [header.text(item, "SegmentLabel") or ""]
    for sequence in ("SegmentedPropertyTypeCodeSequence", "AnatomicRegionSequence"):
        codes = item.get(sequence)
        told += [header.text(codes[0], "CodeMeaning") or ""] if codes else []
    return tuple(name for name in told if name)

"""Where do the slices lie: order, doubles, gaps, tilt, and the affine of the whole stack.

A stack that is not a rectangular grid is described here and made into one by `regrid.py`.
"""

from dataclasses import dataclass
from math import atan, degrees

import numpy as np
from numpy.typing import NDArray

from imaging.errors import BadHeader, IncompleteSeries, MixedSeries, NotAVolume, TiltedGantry

SAME_PLACE_MM = 0.01  # scanners write positions to 1e-3 mm or better; nearer than this is the same slice
SAME_DIRECTION = 1e-3  # on direction cosines: 0.06 degrees, rounding of the tags, not a turned slice
TILT_DEG = 0.5  # shifts a 300 mm stack by 2.6 mm, less than a slice; dcm2niix corrects above about this too
MAX_TILT_DEG = 35.0  # gantries tilt to 30 degrees; slices shifted by more are no tilted scan, their positions are wrong
UNEVEN_SHARE = 0.02  # of the spacing: rounding of table positions stays below, a changed increment does not
MAX_GAP_RATIO = 4.0  # interpolating over more than this many slice distances would invent anatomy
# What a CT can be, generously; beyond, a tag lies. Gantries are 0.7 to 0.85 m wide inside, tables travel 2 m.
FIELD_MM = (20.0, 1100.0)  # a side: from a zoomed ear or tooth to an extended field of view in the widest gantry
PIXEL_MM = (0.05, 15.0)  # photon-counting scanners resolve 0.1 mm; no more than a coarse survey grid at the other end
SLICE_MM = (0.05, 50.0)  # from the thinnest reconstruction to the widest gap of a survey
LENGTH_MM = 2500.0  # a whole body with its arms up


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The geometry of ordered slices. `affine_lps` belongs to the regular grid that `regrid.regular` makes of them.

    `sample_at` (M,): the fractional slice numbers at which to interpolate, None when the slices are evenly spaced.
    `shift_px` (N, 2): how far each slice lies to the right (x) and down (y) in the grid, in pixels and never negative,
    None when they lie straight above one another; `grow_px` is by how many pixels (x, y) the grid is larger.
    """

    affine_lps: NDArray[np.float64]
    sample_at: NDArray[np.float64] | None = None
    shift_px: NDArray[np.float64] | None = None
    grow_px: tuple[int, int] = (0, 0)
    warnings: tuple[str, ...] = ()


def refuse_impossible_grid(rows: int, columns: int, pixel_spacing_mm: tuple[float, float]) -> None:
    """Refuse a slice that no scanner makes, because its pixel spacing lies.

    Raises: BadHeader, with the size that the header claims.
    """
    for pixels, mm in zip((rows, columns), pixel_spacing_mm, strict=True):
        if not PIXEL_MM[0] <= mm <= PIXEL_MM[1]:
            raise BadHeader(f"pixels of {mm:g} mm: no CT has them (pixel spacing (0028,0030))")
        if not FIELD_MM[0] <= pixels * mm <= FIELD_MM[1]:
            raise BadHeader(f"a field of view of {pixels * mm:g} mm: no CT has one (pixel spacing (0028,0030))")


def refuse_impossible_length(slices: int, slice_mm: float) -> None:
    """Refuse a stack that no scanner makes, because its slice positions lie.

    Raises: BadHeader, with the distance or length that the header claims.
    """
    if not SLICE_MM[0] <= slice_mm <= SLICE_MM[1]:
        raise BadHeader(f"slices {slice_mm:g} mm apart: no CT has them (slice positions (0020,0032))")
    if slices * slice_mm > LENGTH_MM:
        raise BadHeader(f"a scan {slices * slice_mm:g} mm long: no CT is (slice positions (0020,0032))")


def normal(orientation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit normal (3,) of ImageOrientationPatient (6,): row direction x column direction.

    Raises: BadHeader when the two directions are not unit vectors at a right angle.
    """
    row, column = orientation[:3], orientation[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if not np.allclose(lengths, 1, atol=0.01) or abs(row @ column) > 0.01:
        raise BadHeader("the image orientation (0020,0037) is not two perpendicular directions")
    return np.cross(row, column)


def distances(positions: NDArray[np.float64], orientations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N,) mm along the common normal, from positions (N, 3) and orientations (N, 6).

    Raises: MixedSeries when the slices are not parallel.
    """
    if np.abs(orientations - orientations[0]).max() > SAME_DIRECTION:
        raise MixedSeries("the slices of this series are not parallel to one another")
    return positions @ normal(orientations[0])


def same_place(sorted_mm: NDArray[np.float64]) -> list[int]:
    """Return the numbers of the slices that lie where the one before them lies."""
    return [int(i) + 1 for i in np.flatnonzero(np.diff(sorted_mm) < SAME_PLACE_MM)]


def stack(
    positions: NDArray[np.float64], orientation: NDArray[np.float64], pixel_spacing_mm: tuple[float, float]
) -> Stack:
    """Return the geometry of N >= 2 slices sorted along the normal, none of them at the same place.

    Tilt is judged by positions alone: the tag GantryDetectorTilt (0018,1120) is often 0 or missing on tilted scans.

    Args: positions (N, 3) LPS mm of the first voxel's centre; orientation (6,); pixel_spacing_mm (row, column
    distance) as in PixelSpacing (0028,0030).
    Raises: NotAVolume (one slice, or slices shifted at random), TiltedGantry (by more than a gantry can),
    IncompleteSeries (a gap of whole slices, or too wide to bridge), BadHeader (a length no scan has).
    """
    if len(positions) < 2:
        raise NotAVolume("a single slice is not a volume")
    along = normal(orientation)
    mm = positions @ along
    tilt_deg = _tilt_deg(positions, orientation, along)
    spacing, sample_at, warnings = _even(mm)
    refuse_impossible_length(len(positions), spacing)
    affine = _affine(positions[0], orientation, pixel_spacing_mm, spacing)
    if tilt_deg <= TILT_DEG:
        return Stack(affine_lps=affine, sample_at=sample_at, warnings=warnings)
    shift, low, grow = _shifts(positions, orientation, pixel_spacing_mm)
    affine[:3, 3] += affine[:3, :2] @ low
    text = f"the gantry was tilted by {tilt_deg:.1f} degrees; the slices were shifted straight and interpolated"
    return Stack(affine_lps=affine, sample_at=sample_at, shift_px=shift, grow_px=grow, warnings=(text, *warnings))


def _even(mm: NDArray[np.float64]) -> tuple[float, NDArray[np.float64] | None, tuple[str, ...]]:
    """Return the slice distance, and where to interpolate with a warning when the distances (of mm, sorted) differ."""
    gaps = np.diff(mm)
    # Against the straight line from first to last, so that rounding of single positions does not count.
    if np.abs(mm - np.linspace(mm[0], mm[-1], len(mm))).max() <= max(UNEVEN_SHARE * gaps.mean(), 0.02):
        return float(gaps.mean()), None, ()
    spacing = float(np.median(gaps))
    _refuse_missing(gaps, spacing)
    at_mm = np.arange(mm[0], mm[-1] + 1e-6, spacing)
    text = f"slice distances vary from {gaps.min():.2f} to {gaps.max():.2f} mm; interpolated to {spacing:.2f} mm"
    return spacing, np.interp(at_mm, mm, np.arange(len(mm), dtype=float)), (text,)


def _tilt_deg(positions: NDArray[np.float64], orientation: NDArray[np.float64], along: NDArray[np.float64]) -> float:
    """Return the angle between the slices' normal and the way from slice to slice.

    Raises: NotAVolume when they are shifted otherwise than by a tilt, TiltedGantry when by more than a gantry can.
    """
    travel = positions - positions[0]
    mm = travel @ along
    sideways = np.stack([travel @ orientation[:3], travel @ orientation[3:]], axis=1)
    slope = sideways[-1] / mm[-1]
    tilt_deg = degrees(atan(float(np.hypot(*slope))))
    off = np.abs(sideways - np.outer(mm, slope)).max()
    if off > 1.0 + np.tan(np.radians(TILT_DEG)) * np.abs(np.diff(mm)).max():
        raise NotAVolume("the slices are shifted sideways against each other")
    if tilt_deg > MAX_TILT_DEG:
        raise TiltedGantry(f"the slices are shifted as if the gantry was tilted by {tilt_deg:.1f} degrees: impossible")
    return tilt_deg


def _shifts(
    positions: NDArray[np.float64], orientation: NDArray[np.float64], pixel_spacing_mm: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.int64], tuple[int, int]]:
    """Return each slice's shift (N, 2) in pixels x, y, the grid's first pixel (2,) in the first slice, its growth."""
    between_rows, between_columns = pixel_spacing_mm
    travel = positions - positions[0]
    shift = np.stack([travel @ orientation[:3] / between_columns, travel @ orientation[3:] / between_rows], axis=1)
    shift[np.abs(shift) < SAME_PLACE_MM] = 0  # rounding along the axis that is not tilted must not grow the grid
    low, high = np.floor(shift.min(axis=0)).astype(np.int64), np.ceil(shift.max(axis=0)).astype(np.int64)
    grow = high - low
    return shift - low, low, (int(grow[0]), int(grow[1]))


def _refuse_missing(gaps: NDArray[np.float64], spacing: float) -> None:
    ratios = gaps / spacing
    whole = np.abs(ratios - np.rint(ratios)) < 0.05
    missing = int((np.rint(ratios) - 1)[whole & (ratios > 1.5)].sum())
    if missing and whole.all():
        raise IncompleteSeries(f"{missing} slice(s) missing inside the series (distance {spacing:.2f} mm)")
    if ratios.max() > MAX_GAP_RATIO:
        raise IncompleteSeries(f"a gap of {gaps.max():.1f} mm between slices {spacing:.1f} mm apart")


def _affine(
    origin: NDArray[np.float64], orientation: NDArray[np.float64], pixel_spacing_mm: tuple[float, float], step: float
) -> NDArray[np.float64]:
    """Source: DICOM PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1; PixelSpacing is (between rows, between columns)."""
    between_rows, between_columns = pixel_spacing_mm
    affine = np.eye(4)
    affine[:3, 0] = orientation[:3] * between_columns
    affine[:3, 1] = orientation[3:] * between_rows
    affine[:3, 2] = normal(orientation) * step
    affine[:3, 3] = origin
    return affine

"""Where do the slices lie: order, doubles, gaps, tilt, and the affine of the whole stack."""

from dataclasses import dataclass
from math import atan2, degrees

import numpy as np
from numpy.typing import NDArray

from imaging.errors import BadHeader, IncompleteSeries, MixedSeries, NotAVolume, TiltedGantry

SAME_PLACE_MM = 0.01  # scanners write positions to 1e-3 mm or better; nearer than this is the same slice
SAME_DIRECTION = 1e-3  # on direction cosines: 0.06 degrees, rounding of the tags, not a turned slice
TILT_DEG = 0.5  # shifts a 300 mm stack by 2.6 mm, less than a slice; dcm2niix corrects above about this too
UNEVEN_SHARE = 0.02  # of the spacing: rounding of table positions stays below, a changed increment does not
MAX_GAP_RATIO = 4.0  # interpolating over more than this many slice distances would invent anatomy


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The geometry of ordered slices.

    `sample_at` is None when they are evenly spaced; else the fractional slice numbers at which to interpolate so
    that they become so. `affine_lps` belongs to the evenly spaced result.
    """

    affine_lps: NDArray[np.float64]
    sample_at: NDArray[np.float64] | None = None
    warnings: tuple[str, ...] = ()


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

    Args: positions (N, 3) LPS mm of the first voxel's centre; orientation (6,); pixel_spacing_mm (row, column
    distance) as in PixelSpacing (0028,0030).
    Raises: NotAVolume (one slice), TiltedGantry, IncompleteSeries (a gap of whole slices, or too wide to bridge).
    """
    if len(positions) < 2:
        raise NotAVolume("a single slice is not a volume")
    along = normal(orientation)
    mm = positions @ along
    _refuse_tilt(positions, orientation, along)
    gaps = np.diff(mm)
    # Against the straight line from first to last, so that rounding of single positions does not count.
    even = np.abs(mm - np.linspace(mm[0], mm[-1], len(mm))).max() <= max(UNEVEN_SHARE * gaps.mean(), 0.02)
    if even:
        return Stack(affine_lps=_affine(positions[0], orientation, pixel_spacing_mm, gaps.mean()))
    spacing = float(np.median(gaps))
    _refuse_missing(gaps, spacing)
    at_mm = np.arange(mm[0], mm[-1] + 1e-6, spacing)
    text = f"slice distances vary from {gaps.min():.2f} to {gaps.max():.2f} mm; interpolated to {spacing:.2f} mm"
    return Stack(
        affine_lps=_affine(positions[0], orientation, pixel_spacing_mm, spacing),
        sample_at=np.interp(at_mm, mm, np.arange(len(mm), dtype=float)),
        warnings=(text,),
    )


def resampled(slices: NDArray[np.int16], sample_at: NDArray[np.float64]) -> NDArray[np.int16]:
    """Return (M, Y, X): linear interpolation of (N, Y, X) at M fractional slice numbers, rounded to whole HU."""
    result = np.empty((len(sample_at), *slices.shape[1:]), np.int16)
    for out, at in zip(result, sample_at, strict=True):
        below = min(int(at), len(slices) - 2)
        share = np.float32(at - below)
        out[:] = np.rint(slices[below] * (1 - share) + slices[below + 1] * share)
    return result


def _refuse_tilt(positions: NDArray[np.float64], orientation: NDArray[np.float64], along: NDArray[np.float64]) -> None:
    """Judge by positions alone: the tag GantryDetectorTilt (0018,1120) is often 0 or missing on tilted scans."""
    travel = positions[-1] - positions[0]
    shift = np.hypot(travel @ orientation[:3], travel @ orientation[3:])
    tilt_deg = degrees(atan2(shift, abs(travel @ along)))
    if tilt_deg > TILT_DEG:
        raise TiltedGantry(f"the gantry was tilted by {tilt_deg:.1f} degrees; tilted scans are not measured")
    steps = np.diff(positions, axis=0)
    sideways = np.abs(steps - np.outer(steps @ along, along)).max()
    if sideways > 1.0 + np.tan(np.radians(TILT_DEG)) * np.abs(steps @ along).max():
        raise NotAVolume("the slices are shifted sideways against each other")


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

"""How much calcium lies in a region: Agatston score, volume and mass.

- Agatston (Agatston 1990, doi:10.1016/0735-1097(90)90282-T): in each slice every connected area of at least 130 HU and
  1 mm2 counts its mm2 times 1, 2, 3 or 4 by its brightest voxel (130, 200, 300, 400 HU); the sum stands for slices of
  3 mm at 120 kVp. Other slice distances are scaled by distance / 3 mm (the score of a long object then stays the same);
  slices well below 3 mm are first averaged to about 3 mm, else noise counts as calcium.
- Volume (Callister 1998, doi:10.1148/radiology.208.3.9722864): the voxels that were scored, times a voxel's volume.
- Mass: integrated intensity (Black 2023, doi:10.1117/1.JMI.10.4.043502): every HU above the tissue around a lesion,
  blurred rim included, times volume and mg HA per ml and HU. Partial volume so moves no calcium out of the sum. Calcium
  is taken as added to the tissue around it; where it replaces tissue denser than water the mass reads low.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.absent import Absent

Values = NDArray[np.float64] | np.float64

THRESHOLD_HU = 130  # Agatston 1990
LEAST_MM2 = 1.0  # Agatston 1990
WEIGHT_FROM_HU = (130, 200, 300, 400)  # Agatston 1990: weights 1, 2, 3, 4
SLICE_MM = 3.0  # Agatston 1990
THINNEST_MM, THICKEST_MM = 2.45, 3.55  # scored as they are (2.5 and 3 mm are in use); outside averaged or refused
RIM_MM = 1.5  # about one width of a soft kernel's blur: what lies farther is noise (docs/imaging.md: other rims)
SHELL_MM = 4.0  # tissue around, for its own HU: wide enough for a mean within 1 HU or so at usual noise
NOISE_IS_CORRELATED = 3.0  # sums of blank tissue spread 2.8 to 3.4 x as far as white noise (QRM phantom, docs)
_ROUNDING = 1e-9  # mm2: what adding up pixels can lose
_IN_SLICE = np.ones((3, 3), bool)
_IN_VOLUME = np.ones((3, 3, 3), bool)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What one HU means: mg of hydroxyapatite per ml. `share_sd` is the factor's own sd as a share of it."""

    mg_per_ml_hu: float
    share_sd: float
    method: str


# 130 HU meant 77 to 136 mg/ml in 167 patients (PubMed 7784560): +-2 sd. The factor is that of the rods in the QRM scan.
DEFAULT_CALIBRATION = Calibration(
    mg_per_ml_hu=0.72,
    share_sd=0.14,
    method="default factor of 0.72 mg HA per ml and HU, not calibrated on this scanner",
)


def from_rods(rod_mg_per_ml: float, rod_hu: float, water_hu: float) -> Calibration:
    """Return the calibration by a rod of known density and water in the same scan (Ulzheimer and Kalender 2003,
    doi:10.1007/s00330-002-1746-y)."""
    return Calibration(
        mg_per_ml_hu=rod_mg_per_ml / (rod_hu - water_hu), share_sd=0.02, method="calibrated by rods in the scan"
    )  # 2 %: in vitro precision with a calibration phantom (PubMed 7784560)


@dataclass(frozen=True, kw_only=True)
class Area:
    """One connected area of calcium in one slice."""

    slice_number: int
    mm2: float
    peak_hu: int

    @property
    def score(self) -> float:
        """Its part of the Agatston score, in a slice of 3 mm."""
        return float(lesion_score(np.float64(self.mm2), np.float64(self.peak_hu)))


@dataclass(frozen=True, kw_only=True)
class Slabs:
    """Slices as they are scored: `hu` and `region` (Z, Y, X), `spacing_mm` x, y, z, and what was done to get them."""

    hu: NDArray[np.int16]
    region: NDArray[np.bool_]
    spacing_mm: tuple[float, float, float]
    note: str


def slabs(
    hu: NDArray[np.int16],
    region: NDArray[np.bool_],
    spacing_mm: tuple[float, float, float],
    thickness_mm: float | None = None,
) -> Slabs | Absent:
    """Return slices of about 3 mm: as they are, or whole thin slices averaged; Absent when that can't be had.

    `thickness_mm` is the slices' own, when it differs from their distance (overlap).
    """
    dx, dy, distance = spacing_mm
    thickness = thickness_mm or distance
    if THINNEST_MM <= thickness <= THICKEST_MM and distance <= THICKEST_MM:
        note = "" if abs(distance - SLICE_MM) < 0.05 else f"scaled by {distance:g} / 3 mm"
        return Slabs(hu=hu, region=region, spacing_mm=spacing_mm, note=note)
    if thickness > THICKEST_MM or distance > THICKEST_MM:
        return Absent(reason=f"slices of {max(thickness, distance):g} mm; the score stands for 3 mm")
    count = round(SLICE_MM / distance)
    if count < 2 or not THINNEST_MM <= count * distance <= THICKEST_MM or len(hu) < count:
        return Absent(reason=f"slices of {distance:g} mm can't be averaged to about 3 mm")
    whole = len(hu) // count * count
    thick = np.rint(hu[:whole].reshape(-1, count, *hu.shape[1:]).mean(axis=1)).astype(np.int16)
    inside: NDArray[np.bool_] = np.logical_or.reduce(region[:whole].reshape(-1, count, *hu.shape[1:]), axis=1)
    note = f"{count} slices of {distance:g} mm averaged"
    return Slabs(hu=thick, region=inside, spacing_mm=(dx, dy, count * distance), note=note)


def lesion_score(area_mm2: Values, peak_hu: Values) -> NDArray[np.float64]:
    """Return area times weight in a slice of 3 mm (dimensionless); nothing below 1 mm2 or 130 HU."""
    weight = np.sum([np.asarray(peak_hu >= from_hu, dtype=np.float64) for from_hu in WEIGHT_FROM_HU], axis=0)
    return np.where(area_mm2 >= LEAST_MM2 - _ROUNDING, area_mm2 * weight, 0.0)


def areas(scored: Slabs) -> tuple[Area, ...]:
    """Return the areas that count, slice by slice; pixels that touch at a corner are one area."""
    return tuple(area for area, _ in _areas(scored))


def agatston(scored: Slabs) -> float:
    """Return the Agatston score (dimensionless) of the region."""
    return sum(area.score for area in areas(scored)) * scored.spacing_mm[2] / SLICE_MM


def volume_mm3(scored: Slabs) -> float:
    """Return the volume score: every voxel in an area that counts."""
    return sum(area.mm2 for area in areas(scored)) * scored.spacing_mm[2]


def mass_mg(scored: Slabs, calibration: Calibration, rim_mm: float = RIM_MM) -> tuple[float, float]:
    """Return the mass of hydroxyapatite in mg and its sd (noise of the image and of the factor)."""
    dx, dy, dz = scored.spacing_mm
    voxel_ml = dx * dy * dz / 1000
    total, variance = 0.0, 0.0
    for inside, shell, hu in _surroundings(scored, rim_mm):
        background, noise = float(hu[shell].mean()), float(hu[shell].std())
        counted = np.count_nonzero(inside)
        excess = float(hu[inside].sum(dtype=np.float64)) - counted * background
        total += excess * voxel_ml * calibration.mg_per_ml_hu
        spread = noise * sqrt(counted) * NOISE_IS_CORRELATED * voxel_ml * calibration.mg_per_ml_hu
        variance += spread**2
    total = max(float(total), 0.0)
    return total, sqrt(variance + (total * calibration.share_sd) ** 2)


def _areas(scored: Slabs) -> Iterator[tuple[Area, NDArray[np.bool_]]]:
    pixel_mm2 = scored.spacing_mm[0] * scored.spacing_mm[1]
    bright = (scored.hu >= THRESHOLD_HU) & scored.region
    for number in np.flatnonzero(bright.any(axis=(1, 2))):
        labels, count = ndimage.label(bright[number], _IN_SLICE)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        peaks = ndimage.maximum(scored.hu[number], labels, np.arange(1, count + 1))
        for one, peak in enumerate(np.atleast_1d(peaks), start=1):
            mm2 = float(sizes[one] * pixel_mm2)
            if mm2 >= LEAST_MM2 - _ROUNDING:
                yield Area(slice_number=int(number), mm2=mm2, peak_hu=int(peak)), labels == one


def _surroundings(
    scored: Slabs, rim_mm: float
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int16]]]:
    """Yield for each lesion (areas that touch from slice to slice) itself with its rim, the tissue around, and HU.

    One slice above and below belongs to the rim; other lesions belong to neither.
    """
    counted = np.zeros(scored.hu.shape, bool)
    for area, where in _areas(scored):
        counted[area.slice_number] |= where
    labels, _ = ndimage.label(counted, _IN_VOLUME)
    dx, dy, _ = scored.spacing_mm
    reach = rim_mm + SHELL_MM + 1
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        margins = (1, int(reach / dy) + 1, int(reach / dx) + 1)
        wide = tuple(slice(max(0, one.start - more), one.stop + more) for one, more in zip(box, margins, strict=True))
        own = labels[wide] == number
        other = counted[wide] & ~own
        near = ndimage.binary_dilation(own, np.ones((3, 1, 1), bool))  # a slice up and down
        far = ndimage.binary_dilation(other, np.ones((3, 1, 1), bool))
        inside, shell = np.zeros_like(own), np.zeros_like(own)
        for k in range(len(own)):
            to_own = _distance(near[k], dx, dy)
            to_other = _distance(far[k], dx, dy)
            inside[k] = (to_own <= rim_mm) & (to_own < to_other)
            shell[k] = (to_own > rim_mm + 0.5) & (to_own <= rim_mm + SHELL_MM) & (to_other > rim_mm + 0.5)
        if shell.any():
            yield inside, shell, scored.hu[wide]


def _distance(mask: NDArray[np.bool_], dx: float, dy: float) -> NDArray[np.float64]:
    if not mask.any():
        return np.full(mask.shape, np.inf)
    distances: NDArray[np.float64] = ndimage.distance_transform_edt(~mask, sampling=(dy, dx))
    return distances

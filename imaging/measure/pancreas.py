"""How large and how dense is the pancreas, is its duct wide, and does part of it differ from the rest?

Only where labels of the pancreas were handed in: our own segmenter does not draw it. Inside the label, smoothed voxels
far below or above the gland's median are gathered: a long thin piece is taken for the duct, a compact one for a focal
lesion. It misleads where the label holds bowel, splenic vein or fat; a lesion that is as dense as the gland, or that
the label leaves out, is not seen. What is found is a place to look at, no diagnosis; nothing found excludes nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.absent import Absent
from imaging.attenuation import attenuation, boxed
from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.measure.base import Measure, Measurement, Point
from imaging.measure.liver_spleen import HU, ML, SCANNER_SD_HU, volume_of
from imaging.measure.told import by, measured, refused, unfit
from imaging.volume import Volume

DEPTH_MM = 2.0  # the gland is 15 to 25 mm thick; deeper leaves too little of it
SMOOTH_MM = 1.0  # sigma; half a duct that is called dilated
LEAST_DIFFERENCE_HU = 20.0  # our own limit: the gland's lobules differ by less, fluid by more on enhanced scans
DIFFERENCE_SDS = 2.0  # of the smoothed gland's own spread
LEAST_DUCT_MM, LEAST_DUCT_LENGTH_MM = 3.0, 15.0  # detection limits: thinner or shorter is noise at 1 to 3 mm slices
LEAST_LESION_MM = 10.0  # detection limit, as a sphere of the same volume; lobules with fat between them reach 8.5 mm
LONG = 3.0  # a duct is at least so many times as long as wide
RIM_MM = 1.0  # partial volume of the label's border
SOURCE = "own method, drawn data only; docs/imaging.md"
KEYS = ("pancreas_volume_ml", "pancreas_attenuation_hu", "pancreas_duct_mm", "pancreas_lesion_mm")
BY_EYE = "tried on drawn data only: look at it"
NO_DUCT = f"no duct over {LEAST_DUCT_MM:g} mm is seen"
NO_LESION = f"no part over {LEAST_LESION_MM:g} mm differs from the gland"
FAT_BELOW_HU = -10.0  # fluid is above; what is below is fat between lobules or partial volume with it
MOST_DUCT_MM = 10.0  # a wider tube is bowel, vein or cyst
NO_LABEL = "no pancreas label: our own segmenter does not draw it"


@dataclass(frozen=True, kw_only=True)
class Odd:
    """A part that differs from the gland: mean difference in HU, length and width in mm, and where it is."""

    difference_hu: float
    mean_hu: float
    length_mm: float
    width_mm: float
    sphere_mm: float
    centre_lps_mm: Point
    box_lps_mm: tuple[Point, Point]

    @property
    def is_duct(self) -> bool:
        """Long, thin and darker than the gland."""
        return self.difference_hu < 0 and self.length_mm >= max(LEAST_DUCT_LENGTH_MM, LONG * self.width_mm)

    @property
    def is_wide_duct(self) -> bool:
        """A duct of a width that is told."""
        return self.is_duct and LEAST_DUCT_MM <= self.width_mm <= MOST_DUCT_MM


def measure(volume: Volume, labels: Labels, fitness: Fitness) -> tuple[Measurement, ...]:
    """Return the four numbers, each a value or a refusal; duct and lesion are refused where none is seen."""
    mask = labels.mask("pancreas")
    reason = unfit(fitness, Use.PANCREAS) or (NO_LABEL if isinstance(mask, Absent) else None)
    units = (ML, HU, "mm", "mm")
    if reason is not None or isinstance(mask, Absent):
        return tuple(
            refused(key, unit, by("labelled pancreas", labels), SOURCE, reason or NO_LABEL)
            for key, unit in zip(KEYS, units, strict=True)
        )
    odd = odd_parts(volume, mask)
    ducts = [] if isinstance(odd, Absent) else [one for one in odd if one.is_wide_duct]
    lesions = [] if isinstance(odd, Absent) else [one for one in odd if not one.is_duct]
    why = odd.reason if isinstance(odd, Absent) else None
    sd = float(np.mean(volume.spacing_mm)) * 0.4  # two edges of a voxel each, uniform: sqrt(2 / 12)
    return (
        volume_of(volume, labels, fitness, "pancreas"),
        _density(volume, mask, labels, fitness),
        _widest(KEYS[2], ducts, "width of a dark tube", labels, sd, why or NO_DUCT),
        _widest(KEYS[3], lesions, "sphere of a part that differs from the gland", labels, sd, why or NO_LESION),
    )


def odd_parts(volume: Volume, mask: NDArray[np.bool_]) -> tuple[Odd, ...] | Absent:
    """Return the parts of a pancreas mask (Z, Y, X) that differ from the gland, the largest first."""
    gland = attenuation(mask, volume, DEPTH_MM)
    if isinstance(gland, Absent):
        return gland
    box = boxed(mask, margin=2)
    spacing = volume.spacing_mm[::-1]
    smooth = ndimage.gaussian_filter(volume.hu[box].astype(np.float32), [SMOOTH_MM / mm for mm in spacing])
    deep = ndimage.distance_transform_edt(mask[box], sampling=spacing) > RIM_MM
    spread = 1.4826 * float(np.median(np.abs(smooth[deep] - np.median(smooth[deep]))))  # MAD to sd of a normal
    limit = max(LEAST_DIFFERENCE_HU, DIFFERENCE_SDS * spread)
    found = []
    for sign in (-1.0, 1.0):
        pieces, count = ndimage.label(
            deep & (smooth > FAT_BELOW_HU) & (sign * (smooth - gland.median_hu) > limit / 2 + 1e-6)
        )
        for number in range(1, count + 1):
            part = pieces == number
            if sign * (float(smooth[part].mean()) - gland.median_hu) < limit * 0.75:
                continue
            one = _described(volume, box, part, float(smooth[part].mean()) - gland.median_hu)
            if one.is_duct or one.sphere_mm >= LEAST_LESION_MM:
                found.append(one)
    return tuple(sorted(found, key=lambda one: -one.sphere_mm))


def _described(volume: Volume, box: tuple[slice, ...], part: NDArray[np.bool_], difference_hu: float) -> Odd:
    """Length along the longest principal axis; width of a cylinder of that length with the part's volume."""
    at = np.argwhere(part) + [one.start for one in box]
    places = volume.to_lps(at[:, ::-1].astype(np.float64))
    voxel_mm3 = float(np.prod(volume.spacing_mm))
    mm3 = len(at) * voxel_mm3
    _, _, axes = np.linalg.svd(places - places.mean(axis=0), full_matrices=False) if len(at) > 3 else (0, 0, np.eye(3))
    length = float(np.ptp(places @ axes[0])) + voxel_mm3 ** (1 / 3)
    low, high = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    x, y, z = places.mean(axis=0).tolist()
    return Odd(
        difference_hu=difference_hu,
        mean_hu=float(volume.hu[tuple(at.T)].mean()),
        length_mm=length,
        width_mm=float(2 * np.sqrt(mm3 / length / np.pi)),
        sphere_mm=float((6 * mm3 / np.pi) ** (1 / 3)),
        centre_lps_mm=(round(x, 1), round(y, 1), round(z, 1)),
        box_lps_mm=((low[0], low[1], low[2]), (high[0], high[1], high[2])),
    )


def _density(volume: Volume, mask: NDArray[np.bool_], labels: Labels, fitness: Fitness) -> Measurement:
    method = by(f"median more than {DEPTH_MM:g} mm inside", labels)
    found = attenuation(mask, volume, DEPTH_MM)
    if isinstance(found, Absent):
        return refused(KEYS[1], HU, method, SOURCE, f"pancreas: {found.reason}")
    phase = None if fitness.contrast == "none" else "with contrast the value tells the phase, not the gland"
    sd = float(np.hypot(found.error_hu, SCANNER_SD_HU))
    return measured(KEYS[1], HU, method, SOURCE, found.median_hu, sd, caution=phase)


def _widest(key: str, parts: list[Odd], method: str, labels: Labels, sd: float, none: str) -> Measurement:
    if not parts:
        return refused(key, "mm", by(method, labels), SOURCE, none)
    sizes = [one.width_mm if key == KEYS[2] else one.sphere_mm for one in parts]
    return measured(key, "mm", by(method, labels), SOURCE, max(sizes), sd, caution=BY_EYE)


MEASURE = Measure(keys=KEYS, measure=measure, source=SOURCE, reviewed="2026-11")

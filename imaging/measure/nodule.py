"""How large, how dense and of which type is a lung nodule?

Volume is what the outline cut half-way holds, which is true on phantoms and what volumetry counts. The diameter is the
mean of the long axis and the longest one across it in one plane (Fleischner 2017, doi:10.1148/radiol.2017161659: the
plane where it is largest; here the transverse one unless slices are thin enough for the others), of the outline cut
lower, as readers see it on lung windows: their callipers made the cut-offs. Type by the share that is dense.
It misleads on nodules at vessels or the pleura (where the outline must guess), below 5 mm, and in thick slices, which
blur a small nodule into a larger, fainter one.
"""

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from imaging.absent import Absent
from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.measure.base import Measure, Measurement, Point
from imaging.outline import AS_READERS, Outline, outline
from imaging.volume import Volume

KEYS = (
    "nodule_volume_mm3",
    "nodule_diameter_mm",
    "nodule_longest_mm",
    "nodule_attenuation_hu",
    "nodule_solid_part_percent",
)
UNITS = dict(zip(KEYS, ("mm3", "mm", "mm", "[hnsf'U]", "%"), strict=True))
LABELS = ("lung_nodules", "lung_nodule", "nodule")  # TotalSegmentator's task, and what readers' outlines are called
THIN_MM = 1.5  # up to here coronal and sagittal planes are as sharp as the transverse one (Fleischner 2017: <= 1.5 mm)
SOLID_ABOVE_HU = -300  # as in imaging/outline.py
SOLID_SHARE, GLASS_SHARE = (
    0.8,
    0.05,
)  # own choice: partial volume leaves a grey rim of about a fifth on any solid nodule
REPEAT_SD = 0.097  # of the volume, two scans of one person: +-27 % limits (Marchiano 2009, Radiology 251:919) / 2.77
VOXEL_SD = (
    0.30  # times voxel side / diameter: noise and sub-voxel shifts on planted spheres (bench/slow/ct_measures.py)
)
ATTENUATION_SD_HU = 15.0  # reason: HU of a scanner drift by some HU, and the rim that is left out decides the rest
NO_EDGE = 1.4  # as much larger when cut as readers do; drawn spheres from 5 mm in slices up to 2.5 mm stay below
# How far LIDC's readers lie from us, our bias included, by `is_walled`, as sd of the logarithm: the 95th percentile of
# the training half (357 nodules; ct_measures.py, `trained`) / 1.96.
READERS_VOLUME_SD = {False: 0.44, True: 0.63}
READERS_LENGTH_SD = {False: 0.20, True: 0.29}
BLUR_SOURCE = "spheres planted in slices of 5 mm"
SOURCE = "Fleischner 2017, doi:10.1148/radiol.2017161659; Marchiano 2009, Radiology 251:919"


@dataclass(frozen=True, kw_only=True)
class Nodule:
    """One nodule in numbers. `kind` is solid, part_solid or ground_glass; `solid_share` 0 to 1.

    `volume_sd` in mm3 is that of measuring it again the same way, which is what a growth has to exceed. `is_walled`:
    parted from something larger; None where we did not draw it.
    """

    volume_mm3: float
    volume_sd: float
    long_mm: float
    short_mm: float
    longest_mm: float
    attenuation_hu: float
    solid_share: float
    kind: str
    plane: str
    centre_lps_mm: Point
    is_cut: bool
    is_small: bool
    is_walled: bool | None = None

    @property
    def diameter_mm(self) -> float:
        """The mean of the long and the short axis."""
        return (self.long_mm + self.short_mm) / 2


def nodule_at(volume: Volume, centre_lps_mm: Point) -> Nodule | Absent:
    """Return the nodule around a point in LPS mm, or why none can be measured there.

    Where the cut decides what it holds, it has no sharp edge, and what lies between is its halo: it counts.
    """
    drawn, seen = outline(volume, centre_lps_mm), outline(volume, centre_lps_mm, AS_READERS)
    if isinstance(drawn, Absent):
        return drawn
    if isinstance(seen, Absent):
        return nodule_of(volume, drawn, drawn)
    return nodule_of(volume, measured_one(drawn, seen), seen)


def compared_at(volume: Volume, centre_lps_mm: Point) -> Nodule | Absent:
    """Return the nodule around a point always cut half-way, to be compared with itself in another scan."""
    drawn = outline(volume, centre_lps_mm)
    return drawn if isinstance(drawn, Absent) else nodule_of(volume, drawn, drawn)


def measured_one(drawn: Outline, seen: Outline) -> Outline:
    """Return which of the two outlines is measured: the one cut half-way, unless it has no sharp edge."""
    return seen if np.count_nonzero(seen.mask) > NO_EDGE * np.count_nonzero(drawn.mask) else drawn


def nodule_of(volume: Volume, drawn: Outline, seen: Outline) -> Nodule:
    """Return the numbers of an outline cut half-way, with the lengths of the one that readers would see."""
    one = nodule_in(volume, drawn.mask, drawn.offset_zyx, drawn.kind, is_cut=drawn.touches_edge)
    long_mm, short_mm, plane = _axes(seen.mask, volume.spacing_mm)
    longest = _longest(np.argwhere(seen.mask) * volume.spacing_mm[::-1], volume.spacing_mm)
    return replace(
        one, long_mm=long_mm, short_mm=short_mm, plane=plane, longest_mm=max(long_mm, longest),
        is_walled=drawn.is_walled or seen.is_walled,
    )  # fmt: skip


def nodule_in(
    volume: Volume, mask: NDArray[np.bool_], offset: tuple[int, int, int], kind: str | None, *, is_cut: bool
) -> Nodule:
    """Return the numbers of a mask that was drawn by whomever, a box of the volume that begins at voxel `offset` zyx.

    `kind` None: told by the share of its voxels, the outermost left out, that is dense.
    """
    spacing = volume.spacing_mm
    box = tuple(slice(at, at + n) for at, n in zip(offset, mask.shape, strict=True))
    hu = volume.hu[box]
    inner = mask & ndimage.binary_erosion(np.pad(mask, 1), np.ones((1, 3, 3), bool))[1:-1, 1:-1, 1:-1]
    core = inner if inner.any() else mask
    solid = float(np.count_nonzero(hu[core] > SOLID_ABOVE_HU)) / int(np.count_nonzero(core))
    if kind is None:
        kind = "solid" if solid >= SOLID_SHARE else "ground_glass" if solid <= GLASS_SHARE else "part_solid"
    mm3 = float(np.count_nonzero(mask)) * float(np.prod(spacing))
    long_mm, short_mm, plane = _axes(mask, spacing)
    middle = np.array(ndimage.center_of_mass(mask)) + np.array(offset)
    x, y, z = (float(mm) for mm in volume.to_lps(middle[::-1]))
    return Nodule(
        volume_mm3=mm3,
        volume_sd=volume_sd(mm3, spacing),
        long_mm=long_mm,
        short_mm=short_mm,
        longest_mm=max(long_mm, _longest(np.argwhere(mask) * spacing[::-1], spacing)),
        attenuation_hu=float(np.median(hu[core])),
        solid_share=solid,
        kind=kind,
        plane=plane,
        centre_lps_mm=(x, y, z),
        is_cut=is_cut,
        is_small=(long_mm + short_mm) / 2 < 2 * max(spacing),
    )


def measured(volume: Volume, found: Nodule | Absent, fitness: Fitness, level: str | None) -> tuple[Measurement, ...]:
    """Return the measurements of one nodule, or refusals with the reason."""
    refused = fitness.unfit.get(Use.NODULE_VOLUME) or (found.reason if isinstance(found, Absent) else None)
    if refused or isinstance(found, Absent):
        return tuple(
            Measurement(key=key, unit=UNITS[key], method="outline", source=SOURCE, refused=refused, level=level)
            for key in KEYS
        )
    volume_share, linear_sd = stated_sd(found)
    values = (
        (found.volume_mm3, volume_share * found.volume_mm3),
        (found.diameter_mm, linear_sd * found.diameter_mm),
        (found.longest_mm, linear_sd * found.longest_mm),
        (found.attenuation_hu, ATTENUATION_SD_HU),
        (100 * found.solid_share, None),
    )
    slices = f"smaller than two slices: its volume may be off by half ({BLUR_SOURCE})" if found.is_small else None
    said = (fitness.cautions.get(Use.NODULE_VOLUME), "it goes on beyond the series" if found.is_cut else None, slices)
    return tuple(
        Measurement(
            key=key,
            unit=UNITS[key],
            method=f"outline, {found.plane} plane; type {found.kind}",
            source=SOURCE,
            value=value,
            sd=sd,
            level=level,
            place_lps_mm=found.centre_lps_mm,
            caution="; ".join(filter(None, said)) or None,
        )
        for key, (value, sd) in zip(KEYS, values, strict=True)
    )


def measure(volume: Volume, labels: Labels, fitness: Fitness) -> tuple[Measurement, ...]:
    """Return the numbers of every nodule that is labelled, the largest first; places are measured by `nodule_at`."""
    mask = next((labels.mask(name) for name in LABELS if name in labels.numbers), Absent(reason=""))
    if isinstance(mask, Absent):
        return measured(
            volume, Absent(reason="no nodule is labelled; name a place to have one measured"), fitness, None
        )
    numbers, _ = ndimage.label(mask, np.ones((3, 3, 3), bool))
    found = []
    for number, box in enumerate(ndimage.find_objects(numbers), start=1):
        own = numbers[box] == number
        z, y, x = (one.start for one in box)
        found.append(nodule_in(volume, own, (z, y, x), None, is_cut=z == 0 or box[0].stop == len(mask)))
    found.sort(key=lambda one: -one.volume_mm3)
    return tuple(
        told for number, one in enumerate(found, start=1) for told in measured(volume, one, fitness, f"nodule {number}")
    )


def volume_sd(volume_mm3: float, spacing_mm: tuple[float, float, float]) -> float:
    """Return the sd of a nodule's volume in mm3: two scans of a person, and the voxels' part of it."""
    diameter = (6 * volume_mm3 / np.pi) ** (1 / 3)
    return volume_mm3 * sqrt(REPEAT_SD**2 + (VOXEL_SD * max(spacing_mm) / diameter) ** 2)


def stated_sd(found: Nodule) -> tuple[float, float]:
    """Return the sd of volume and of lengths as shares of them: of measuring again and, where we drew it, of readers.

    Readers' part is of the logarithm and has our bias in it: a single value lies within 1.96 of it in 95 of 100.
    """
    again = found.volume_sd / found.volume_mm3
    if found.is_walled is None:
        return again, again / 3  # a length goes with the cube root
    return (
        sqrt(again**2 + READERS_VOLUME_SD[found.is_walled] ** 2),
        sqrt((again / 3) ** 2 + READERS_LENGTH_SD[found.is_walled] ** 2),
    )


def _axes(mask: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> tuple[float, float, str]:
    """Return long and short axis in mm of the section with the longest long axis, and its plane."""
    dx, dy, dz = spacing_mm
    planes = [("transverse", 0, (dy, dx))]
    if dz <= THIN_MM:
        planes += [("coronal", 1, (dz, dx)), ("sagittal", 2, (dz, dy))]
    best = (0.0, 0.0, "transverse")
    for name, axis, steps in planes:
        for number in range(mask.shape[axis]):
            section = np.take(mask, number, axis=axis)
            if section.any():
                best = max(best, (*_long_and_short(np.argwhere(section) * np.array(steps), sum(steps) / 2), name))
    return best


def _long_and_short(points: NDArray[np.float64], pixel_mm: float) -> tuple[float, float]:
    """Return the longest extent and the longest across it: between pixel centres, and half a pixel.

    Half, not a whole one: the longest of many directions is taken (planted spheres then read 0 to 0.3 mm too long).
    """
    hull = _hull(points)
    apart = hull[:, None] - hull[None]
    lengths = np.linalg.norm(apart, axis=-1)
    a, b = np.unravel_index(int(lengths.argmax()), lengths.shape)
    if lengths[a, b] == 0:
        return pixel_mm, pixel_mm
    across = np.array([-apart[a, b][1], apart[a, b][0]]) / lengths[a, b]
    return float(lengths[a, b]) + pixel_mm / 2, float(np.ptp(hull @ across)) + pixel_mm / 2


def _longest(points: NDArray[np.float64], spacing_mm: tuple[float, float, float]) -> float:
    """Return the longest extent in space; voxel centres, and half a voxel in the direction it runs."""
    hull = _hull(points)
    apart = (hull[:, None] - hull[None]).reshape(-1, 3)
    longest = apart[int((apart**2).sum(axis=1).argmax())]
    length = float(np.linalg.norm(longest))
    return length + (float(np.abs(longest / length) @ spacing_mm[::-1]) / 2 if length else float(min(spacing_mm)))


def _hull(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the corners of the convex hull; all points when they lie in a line or plane."""
    try:
        corners: NDArray[np.float64] = points[ConvexHull(points).vertices]
    except (QhullError, ValueError):
        return points
    return corners


MEASURE = Measure(keys=KEYS, measure=measure, source=SOURCE, reviewed="2026-11")

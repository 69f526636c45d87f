"""How wide is the aorta, square to its middle line, at the levels at which guidelines ask for it?

The mask's middle line is found (`imaging.centreline`); at each level the smallest cut near square to it is measured:
the largest chord through its middle, from outer edge to outer edge. Where a dissected lumen is missing from the mask
the cut is completed from the image and says so (`imaging.lumen`).
Levels after Erbel 2014 (ESC), doi:10.1093/eurheartj/ehu281, figure 2; where they lie along the line is our own rule.
It misleads without contrast or gating: the root moves by 1 to 2 mm with the heart, and a mask that stops short of the
annulus moves the levels of the root.
"""

from dataclasses import replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from imaging.absent import Absent
from imaging.centreline import STEP_MM, Centreline, Section, centreline, cut_plane, sized, squarest
from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.lumen import completed, missing_size_mm2
from imaging.measure.base import Measure, Measurement
from imaging.volume import Volume

KEY = "aorta_diameter_mm"
METHOD = "largest chord of the smallest cut near square to the middle line"
SOURCE = "levels: ESC 2014, doi:10.1093/eurheartj/ehu281; placing and cut: own, docs/imaging.md"
REACH_MM = 40.0  # half side of a cut: an aneurysm of 80 mm still fits
EVERY_MM = 4.0  # sections for finding levels, dips and the widest place
EDGE_SD_SHARE = sqrt(2 / 12)  # two edges, each anywhere within one voxel (uniform: width / sqrt 12)
SPREAD_MM = 4.0  # neighbours along the line that tell how exactly the level must be met
ROOT_REACH_MM = 30.0  # the sinuses lie within this of the annulus
BULGE_SHARE = 0.9  # of the largest cut there: the middle of the bulge, not its one widest cut
ARCH_DROP_MM = 25.0  # without a labelled trunk: the arch is what lies less than this below its top
BEFORE_TRUNK_MM, AFTER_TRUNK_MM = 15.0, 25.0  # a trunk is 12 to 15 mm wide; the arch with its branches is some 40 long
LEGS_MM = 40.0  # a root lies higher than the end of the descending aorta, unless the scan ends about at the root
MOUTH_MM = 3.0  # of a branch: what is this much further from the line than its nearest voxel
LEAST_LINE_MM = 30.0
CAUTION = "completed from the image: the mask leaves out enhanced blood beside it here"


def diameter_at(mask: NDArray[np.bool_], volume: Volume, point_lps_mm: NDArray[np.float64]) -> Section | Absent:
    """Return the cut of an aorta mask (Z, Y, X) at the place of its middle line that is nearest to a point."""
    line = centreline(mask, volume)
    if isinstance(line, Absent):
        return line
    return _cut(mask, volume, line, line.nearest(point_lps_mm), _areas(mask, volume, line))[0]


def measure(volume: Volume, labels: Labels, fitness: Fitness) -> tuple[Measurement, ...]:
    """Return one diameter a level, the widest place last; or one refusal."""
    if Use.AORTA_DIAMETER in fitness.unfit:
        return (_refused(fitness.unfit[Use.AORTA_DIAMETER], labels),)
    mask = labels.mask("aorta")
    if isinstance(mask, Absent):
        return (_refused(mask.reason, labels),)
    line = centreline(mask, volume)
    if isinstance(line, Absent):
        return (_refused(line.reason, labels),)
    if len(line.points) * STEP_MM < LEAST_LINE_MM:
        return (_refused("too little of the aorta is in the scan", labels),)
    line = _from_root(line)
    areas = _areas(mask, volume, line)
    found = []
    for level, at in levels(volume, labels, line, areas).items():
        cut, is_completed = _cut(mask, volume, line, at, areas)
        if isinstance(cut, Absent):
            found.append(_refused(cut.reason, labels, level))
        elif cut.cut_off:
            found.append(_refused("the aorta is cut off by the end of the scan here", labels, level))
        else:
            caution = CAUTION if is_completed else fitness.cautions.get(Use.AORTA_DIAMETER)
            found.append(_measured(volume, labels, line, areas, level, at, cut, caution))
    return tuple(found)


def levels(volume: Volume, labels: Labels, line: Centreline, areas: NDArray[np.float64]) -> dict[str, int]:
    """Return where along the line (from the root on) each level lies that can be told; names as in ESC 2014."""
    at: dict[str, int] = {}
    height = line.points[:, 2]
    top = int(np.argmax(height))
    end = len(height) - 1
    has_arch = min(top, end - top) * STEP_MM > ARCH_DROP_MM and height[top] - height[0] > ARCH_DROP_MM
    bony = {"T12": "vertebrae_T12", "suprarenal (L1)": "vertebrae_L1", "infrarenal (L3)": "vertebrae_L3"}
    lower = {name: _nearest_to(volume, labels, line, organ) for name, organ in bony.items()}
    if has_arch:
        trunk = _nearest_to(volume, labels, line, "brachiocephalic_trunk")
        before, after = _arch(height, top, trunk)
        root = int(ROOT_REACH_MM / STEP_MM)
        first = areas[: root + 1]
        sinuses = int(np.median(np.flatnonzero(first >= BULGE_SHARE * np.nanmax(first))))
        above = areas[sinuses + 1 : min(before, sinuses + root)]
        at["annulus"] = sinuses // 2
        at["sinuses of Valsalva"] = sinuses
        if len(above) and np.isfinite(above).any():
            at["sinotubular junction"] = sinuses + 1 + int(np.nanargmin(above[: int(15 / STEP_MM)]))
        at["mid ascending"] = (sinuses + before) // 2
        at["distal ascending"] = before
        at["mid arch"] = (before + after) // 2
        at["proximal descending"] = after
        at["mid descending"] = (after + (lower["T12"] or end)) // 2
    at |= {name: place for name, place in lower.items() if place is not None}
    coeliac = labels.mask("celiac_trunk")
    if not isinstance(coeliac, Absent):
        at["coeliac trunk"] = _where_it_leaves(volume, coeliac, line)
    at["widest"] = int(np.nanargmax(np.where(_whole(line), areas, np.nan)))
    return at


def _arch(height: NDArray[np.float64], top: int, trunk: int | None) -> tuple[int, int]:
    """Where the ascending part ends and the descending begins: by the first branch, else by height."""
    low = height[top] - ARCH_DROP_MM
    before = int(np.argmax(height >= low))
    after = top + int(np.argmax(np.append(height[top:] < low, True)))
    last = len(height) - 1
    if trunk is not None and trunk < after:
        return max(0, trunk - int(BEFORE_TRUNK_MM / STEP_MM)), min(last, trunk + int(AFTER_TRUNK_MM / STEP_MM))
    return before, min(after, last)


def _nearest_to(volume: Volume, labels: Labels, line: Centreline, organ: str) -> int | None:
    mask = labels.mask(organ)
    if isinstance(mask, Absent):
        return None
    middle = volume.to_lps(np.argwhere(mask).mean(axis=0)[::-1])
    at = line.nearest(middle)
    if organ.startswith("vertebrae"):  # the spine runs beside the aorta: the level is that of height
        below_arch = np.arange(len(line.points)) > int(np.argmax(line.points[:, 2]))
        off = np.where(below_arch, np.abs(line.points[:, 2] - middle[2]), np.inf)
        at = int(np.argmin(off))
        if off[at] > 2 * STEP_MM:
            return None
    return at


def _where_it_leaves(volume: Volume, branch: NDArray[np.bool_], line: Centreline) -> int:
    """The line's point at the upper edge of the branch's mouth; a branch that falls away lies beside what follows."""
    apart, at = cKDTree(line.points).query(volume.to_lps(np.argwhere(branch)[:, ::-1].astype(np.float64)))
    return int(at[apart <= apart.min() + MOUTH_MM].min())


def _from_root(line: Centreline) -> Centreline:
    """Order the line from the root: the higher end; where both end alike in an arch's legs, the one in front."""
    first, last = line.points[0], line.points[-1]
    if abs(first[2] - last[2]) > LEGS_MM:
        return line if first[2] > last[2] else line.reversed()
    return line if first[1] < last[1] else line.reversed()


def _areas(mask: NDArray[np.bool_], volume: Volume, line: Centreline) -> NDArray[np.float64]:
    """Area (mm2) of the cut at every point, measured every few mm and interpolated; NaN where there is none."""
    every = int(EVERY_MM / STEP_MM)
    at = np.arange(0, len(line.points), every)
    areas = np.full(len(at), np.nan)
    for number, index in enumerate(at):
        plane = cut_plane(mask, volume, line.points[index], line.tangents[index], REACH_MM, step_mm=1.0)
        if not isinstance(plane, Absent):
            areas[number] = plane.cut.sum()
    if np.isnan(areas).all():
        return np.zeros(len(line.points))
    known = np.isfinite(areas)
    return np.interp(np.arange(len(line.points)), at[known], areas[known])


def _whole(line: Centreline) -> NDArray[np.bool_]:
    """Not within a few mm of the mask's ends, where a cut is only part of the vessel."""
    index = np.arange(len(line.points))
    return (index >= EVERY_MM / STEP_MM) & (index < len(index) - EVERY_MM / STEP_MM)


def _cut(
    mask: NDArray[np.bool_], volume: Volume, line: Centreline, at: int, areas: NDArray[np.float64]
) -> tuple[Section | Absent, bool]:
    plane = squarest(mask, volume, line.points[at], line.tangents[at], REACH_MM)
    if isinstance(plane, Absent):
        return plane, False
    expected = missing_size_mm2(areas, at)
    if expected is not None:
        whole = completed(plane, volume, expected)
        if whole.sum() > plane.cut.sum():
            return sized(whole, plane.cut_off), True
    return sized(plane.cut, plane.cut_off), False


def _measured(
    volume: Volume, labels: Labels, line: Centreline, areas: NDArray[np.float64], level: str, at: int, cut: Section,
    caution: str | None,
) -> Measurement:  # fmt: skip
    """The sd holds the voxel's edges and how much the diameter changes within a few mm of the level."""
    edge = EDGE_SD_SHARE * float(np.mean(volume.spacing_mm))
    near = areas[max(0, at - int(SPREAD_MM / STEP_MM)) : at + int(SPREAD_MM / STEP_MM) + 1]
    spread = float(np.std(2 * np.sqrt(near / np.pi)))
    x, y, z = line.points[at].tolist()
    told = _refused("", labels, level)
    return replace(
        told, value=round(cut.largest_mm, 1), refused=None, sd=round(sqrt(edge**2 + spread**2), 2),
        place_lps_mm=(round(x, 1), round(y, 1), round(z, 1)), caution=caution,
    )  # fmt: skip


def _refused(reason: str, labels: Labels, level: str | None = None) -> Measurement:
    return Measurement(
        key=KEY, unit="mm", method=f"{METHOD}; {labels.method}", source=SOURCE, refused=reason, level=level
    )


MEASURE = Measure(keys=(KEY,), measure=measure, source=SOURCE, reviewed="2026-11")

"""Which organs can be drawn without anything to download? Classical, step by step, each refusing what it can't find.

Lungs and airways, bone, the spine and its levels, the aorta as tubes, liver and spleen as even masses, the heart
between the lungs.
Works at about 2.5 mm (lungs and aorta 1.5 mm), then at the volume's voxels; seconds on one core; the same volume gives
the same labels. Every organ has limits of volume and place: what does not keep them is absent, with the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.labels import Labels
from imaging.segment.abdomen import Abdomen, abdomen
from imaging.segment.air import NO_PAIR, Air, air
from imaging.segment.aorta import Aorta, aorta
from imaging.segment.body import body
from imaging.segment.coarse import Coarse, Mask, coarse
from imaging.segment.diaphragm import diaphragm
from imaging.segment.heart import between_lungs, heart
from imaging.segment.kidneys import ENHANCED_HU, kidneys
from imaging.segment.levels import LEVELS, Levels, drawn, levels
from imaging.segment.names import OTHER_TISSUE
from imaging.segment.paraspinal import paraspinal
from imaging.segment.skeleton import Skeleton, skeleton
from imaging.segment.solid import smoothed
from imaging.volume import Volume

KIDNEY_DOUBT = (0.06, "drawn by place and density: 3 to 6 % more than labels held of the three kidneys tried")
KIDNEY_IN_CHEST_MM = 60.0  # above the lowest lung: a kidney's upper end lies before the lung's lowest recess
COARSE_MM, FINE_MM = 2.5, 1.5
METHOD = "classical segmentation of patient-twin, version 2"
_LEVEL_NUMBERS = {f"vertebrae_{level}": (number,) for number, level in enumerate(LEVELS, start=11)}
_BODIES = tuple(number for (number,) in _LEVEL_NUMBERS.values())
NUMBERS = {
    OTHER_TISSUE: (1,),
    "lung_right": (2,),
    "lung_left": (3,),
    "lungs": (2, 3),
    "airways": (4,),
    "vertebrae": (5, *_BODIES),
    "bone": (5, 6, *_BODIES),
    "liver": (7,),
    "spleen": (8,),
    "aorta": (9,),
    "heart": (10,),
    **_LEVEL_NUMBERS,
    "paraspinal_muscles": (20,),
    "kidney_right": (21,),
    "kidney_left": (22,),
}


@dataclass(frozen=True, kw_only=True)
class OwnSegmenter:
    """Our own segmenter; see the module."""

    organs: tuple[str, ...] = ("body", *(name for name in NUMBERS if name != OTHER_TISSUE))

    def segment(self, volume: Volume, entering: Callable[[str], None] = lambda stage: None) -> Labels:
        """Return the labels on the volume's grid; what is not found stands in `absent`.

        Args: entering: hears of each stage before it begins; what it raises ends the drawing there.
        """
        entering("drawing the body")
        grid, finer = coarse(volume, COARSE_MM), coarse(volume, FINE_MM)
        voxels = np.zeros(volume.hu.shape, np.uint8)
        whole = body(grid)
        if not whole.any():
            reason = "there is no body in the scan"
            return Labels(voxels=voxels, numbers=NUMBERS, absent=dict.fromkeys(self.organs, reason), method=METHOD)
        entering("drawing lungs and airways")
        breath = air(finer, _moved(whole, grid, finer))
        if breath.why.get("lungs") == NO_PAIR:
            grid.put(1, whole, voxels)
            absent = dict.fromkeys(self.organs[1:], f"nothing is drawn: {NO_PAIR}")
            return Labels(voxels=voxels, numbers=NUMBERS, absent=absent, method=METHOD)
        entering("drawing bone")
        frame = skeleton(grid, whole, _moved(breath.lungs, finer, grid))
        entering("drawing the aorta")
        way_mm = _way_on(frame, grid, finer)
        tube = aorta(finer, way_mm, breath.lungs, _moved(frame.vertebrae, grid, finer))
        entering("counting vertebrae")
        counted = levels(finer, _moved(whole, grid, finer), way_mm)
        entering("drawing liver, spleen and heart")
        solid, heart_mask, heart_why = _trunk(grid, finer, whole, breath, frame, tube)
        entering("drawing kidneys")
        sides = _kidneys(grid, finer, whole, breath, frame, tube, solid, counted)
        absent = frame.why | {name: one for name, one in sides.items() if isinstance(one, str)}
        absent |= breath.why | solid.why | {"aorta": tube.why, "heart": heart_why}

        grid.put(1, whole, voxels)
        bone = frame.bone & whole & ~heart_mask
        for organ_found in (solid.liver, solid.spleen):
            if organ_found is not None:
                bone &= ~organ_found.mask
        grid.put(6, bone, voxels)
        grid.put(10, heart_mask, voxels)
        for organ, found in (("liver", solid.liver), ("spleen", solid.spleen)):
            if found is not None:
                grid.put(NUMBERS[organ][0], found.mask, voxels)
        for name, one in sides.items():
            if not isinstance(one, str):
                grid.put(NUMBERS[name][0], one, voxels)
        finer.put(20, _muscles(finer, counted), voxels)
        grid.put(5, frame.vertebrae, voxels)
        for level in counted.middles:
            finer.put(*_LEVEL_NUMBERS[f"vertebrae_{level}"], drawn(finer, counted, level), voxels)
        finer.put(9, tube.mask, voxels)
        finer.put(2, breath.right, voxels)
        finer.put(3, breath.left, voxels)
        finer.put(4, breath.airways, voxels)
        return Labels(
            voxels=voxels,
            numbers=NUMBERS,
            absent={organ: why for organ, why in absent.items() if why} | _levels_absent(counted),
            method=METHOD,
            levels=counted.told() if counted.middles else "",
            doubts=dict.fromkeys(sides, KIDNEY_DOUBT),
        )


def _levels_absent(counted: Levels) -> dict[str, str]:
    why = counted.why or "its middle is not in the scan"
    missing = [f"vertebrae_{level}" for level in LEVELS if level not in counted.middles]
    if "L3" not in counted.middles:
        missing.append("paraspinal_muscles")
    return dict.fromkeys(missing, f"not counted: {why}")


def _muscles(grid: Coarse, counted: Levels) -> Mask:
    """Return the muscles beside the spine in the slices through the body of L3, where it is known."""
    found = np.zeros(grid.hu.shape, bool)
    if "L3" in counted.middles:
        for z in np.flatnonzero(drawn(grid, counted, "L3").any(axis=(1, 2))):
            at = z * grid.spacing_mm[2]
            y, x = (float(np.interp(at, counted.way[:, 0], counted.way[:, axis])) for axis in (1, 2))
            found[z] = paraspinal(grid, int(z), (y, x))
    return found


def _trunk(
    grid: Coarse, finer: Coarse, whole: Mask, breath: Air, frame: Skeleton, tube: Aorta
) -> tuple[Abdomen, Mask, str]:
    """Return liver, spleen and heart: what lies under the diaphragm, and what between the lungs above it."""
    none = np.zeros(grid.hu.shape, bool)
    right, left, airways, vessel = (
        _moved(mask, finer, grid) for mask in (breath.right, breath.left, breath.airways, tube.mask)
    )
    lungs = right | left
    runs = ~np.isnan(frame.way[:, 0])
    if not runs.any():
        why = "no spine to look beside was found"
        return Abdomen(liver=None, spleen=None, why={"liver": why, "spleen": why}), none, why
    at = np.arange(len(runs))
    way = np.stack([np.interp(at, np.flatnonzero(runs), frame.way[runs, axis]) for axis in (0, 1)], axis=1)
    dome = diaphragm(grid, right, left, whole) if lungs.any() else None
    under = np.ones(grid.hu.shape, bool) if dome is None else at[:, None, None] < dome[0][None] + 1
    ribs = frame.bone & ~frame.vertebrae
    free = whole & ~lungs & ~frame.vertebrae & ~vessel & ~airways & (grid.hu > -50)
    solid = abdomen(grid, free=free, beyond=lungs | ribs, way_y=way[:, 0], way_x=way[:, 1], under=under)
    if dome is None:
        return solid, none, "the scan does not show the heart's lower end at the diaphragm"
    for found in (solid.liver, solid.spleen):
        if found is not None:
            free &= ~found.mask
    top = _carina(airways) if airways.any() else int(np.flatnonzero(lungs.any(axis=(1, 2)))[-1])
    inside = between_lungs(grid, right, left, way)
    drawn, why = heart(grid, free=free, inside=inside, floor=dome[1], top=top)
    return solid, drawn, why


def _kidneys(
    grid: Coarse, finer: Coarse, whole: Mask, breath: Air, frame: Skeleton, tube: Aorta, solid: Abdomen, counted: Levels
) -> dict[str, Mask | str]:
    """Return both kidneys or why not; what other organs took is left out, and what lies above the diaphragm."""
    if not len(counted.way):
        return dict.fromkeys(("kidney_right", "kidney_left"), "no spine to look beside was found")
    at = np.arange(grid.hu.shape[0]) * grid.spacing_mm[2]
    middle = np.stack([np.interp(at, counted.way[:, 0], counted.way[:, axis]) for axis in (1, 2)], axis=1)
    lungs = _moved(breath.lungs, finer, grid)
    free = whole & ~lungs & ~frame.vertebrae & ~_moved(tube.mask, finer, grid)
    for found in (solid.liver, solid.spleen):
        if found is not None:
            free &= ~found.mask
    if lungs.any():  # between the lungs' backs and above lies no kidney
        middle_z = np.flatnonzero(lungs.any(axis=(1, 2)))
        free[middle_z[0] + max(1, round(KIDNEY_IN_CHEST_MM / grid.spacing_mm[2])) :] = False
    is_enhanced = tube.blood_hu is not None and tube.blood_hu > ENHANCED_HU
    return kidneys(grid, free=free, smooth=smoothed(grid), middle=middle, is_enhanced=is_enhanced)


def _carina(airways: Mask) -> int:
    """Return the slice in which the airways begin to be two, from the top down."""
    columns = np.any(airways, axis=1)
    used = np.flatnonzero(airways.any(axis=(1, 2)))
    width = np.array([int(np.ptp(np.flatnonzero(columns[int(z)]))) + 1 for z in used])
    trachea = float(np.median(width[len(width) // 2 :]))
    wide = used[width > 2 * trachea]
    return int(wide[-1]) if len(wide) else int(used[0])


def _way_on(frame: Skeleton, grid: Coarse, finer: Coarse) -> NDArray[np.float64]:
    """Return the spine's way (Z, 2) in mm for the slices of the finer grid."""
    slices = np.arange(finer.hu.shape[0]) * finer.step[2] // grid.step[2]
    way: NDArray[np.float64] = frame.way[np.minimum(slices, len(frame.way) - 1)]
    return way * [grid.spacing_mm[1], grid.spacing_mm[0]]


def _moved(mask: Mask, source: Coarse, target: Coarse) -> Mask:
    """Return a mask of one grid on the other, by the voxel at the middle of each block."""
    picks = []
    for axis, (by_source, by_target) in enumerate(zip(source.step[::-1], target.step[::-1], strict=True)):
        middle = np.arange(target.hu.shape[axis]) * by_target + by_target // 2
        picks.append(np.minimum(middle // by_source, mask.shape[axis] - 1))
    result: Mask = mask[np.ix_(*picks)]
    return result


OWN = OwnSegmenter()

"""Is there gas where none belongs, fluid around the heart, or a wide gullet?

It misleads: gas in a hiatal hernia or in a gullet that is not labelled lies in front of the spine and is passed over;
fluid around the heart is told from the outline of the labelled heart, which may itself hold the fluid.
"""

import numpy as np
from scipy import ndimage

from imaging.absent import Absent
from imaging.signs.scene import Mask, Scene, grown, opened
from imaging.signs.sight import SMALL_MM, lungs_cut, too_thick
from imaging.signs.spots import Spot, spots

GAS_BELOW_HU = -500.0  # on the 2 mm grid, partial volume included
AWAY_MM = 5.0  # from lungs and airways: blur and motion
LEAST_GAS_ML = 0.15  # detection limit: a sphere of 6.6 mm
GULLET_MM = (30.0, 45.0)  # half width and depth of the place in front of the spine where the gullet runs
FLUID_HU = (-15.0, 35.0)
AROUND_HEART_MM = 15.0
FLUID_MM = 2.5  # radius: a layer of 5 mm; the recesses of normal pericardium are thinner
LEAST_FLUID_ML = 25.0  # detection limit; up to 50 ml are normal [U], but mostly too thin to count here
BLUR_MM = 2.0
LEAST_GULLET_MM = 10.0  # gas in a resting gullet is narrower [U]


def gas(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return gas inside the chest that belongs to neither lung, airway nor gullet."""
    if isinstance(here.lungs, Absent):
        return here.lungs
    if isinstance(here.chest, Absent):
        return here.chest
    refused = too_thick(here, SMALL_MM) or lungs_cut(here)
    if refused is not None:
        return refused
    if isinstance(here.organ("airways"), Absent) and isinstance(here.organ("trachea"), Absent):
        return Absent(reason="the airways are not labelled: their gas can't be told from free gas")
    lungs = grown(here.lungs, AWAY_MM, here.spacing_mm)
    tubes = here.near(("airways", "trachea", "esophagus", "stomach", "colon"), AWAY_MM)
    empty = here.hu < GAS_BELOW_HU
    bronchi = _going_on(tubes & empty, empty & ~here.lungs)  # gas that goes on from a windpipe
    between = here.chest & _between_lungs(here.lungs)
    free = between & empty & ~lungs & ~tubes & ~grown(bronchi, here.spacing_mm[1], here.spacing_mm)
    found = spots(free, here, LEAST_GAS_ML)
    if not isinstance(here.organ("esophagus"), Absent):
        return found
    return tuple(one for one in found if not _before_spine(one, here))


def fluid_around_heart(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return fluid in a layer around the labelled heart."""
    heart = here.organ("heart")
    if isinstance(heart, Absent):
        return heart
    if isinstance(here.organ("liver"), Absent):
        return Absent(reason="the liver is not drawn: what lies under the heart can't be told from fluid")
    if heart[[0, -1]].any():
        return Absent(reason="the heart is cut off by the end of the scan")
    hu = here.smooth(BLUR_MM)
    shell = grown(heart, AROUND_HEART_MM, here.spacing_mm) & ~heart
    others = here.near(("liver", "spleen", "stomach", "aorta", "esophagus", "lungs"), 2.0) | here.bone
    wet = shell & (hu > FLUID_HU[0]) & (hu < FLUID_HU[1]) & ~others
    return spots(opened(wet, FLUID_MM, here.spacing_mm), here, LEAST_FLUID_ML)


def wide_gullet(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return gas in the labelled gullet into which a ball of the limit's size fits."""
    gullet = here.organ("esophagus")
    if isinstance(gullet, Absent):
        return Absent(reason="no gullet label: our own segmenter does not draw it")
    holds = grown(gullet, here.spacing_mm[1], here.spacing_mm) & (here.hu < GAS_BELOW_HU)
    if not isinstance(here.lungs, Absent):
        holds &= ~here.lungs
    return spots(opened(holds, LEAST_GULLET_MM / 2, here.spacing_mm), here, LEAST_GAS_ML)


def _going_on(seeds: Mask, within: Mask) -> Mask:
    """The seeds, and what of `within` they lead to through voxel faces."""
    pieces, count = ndimage.label(seeds | within)
    is_reached = np.zeros(count + 1, bool)
    is_reached[np.unique(pieces[seeds])] = True
    return np.asarray(is_reached[pieces])


def _between_lungs(lungs: Mask) -> Mask:
    """Where lung lies on both sides in the same slice: the gut below the diaphragm has it on one side or none."""
    wide = np.asarray(lungs.any(axis=1))  # (Z, X)
    middle = int(np.mean(np.flatnonzero(wide.any(axis=0))))
    inner = np.zeros_like(wide)
    for z in range(len(wide)):
        right, left = np.flatnonzero(wide[z, :middle]), np.flatnonzero(wide[z, middle:]) + middle
        if len(right) and len(left):  # from the middle of the one to the middle of the other
            inner[z, int(right.mean()) : int(left.mean())] = True
    return np.broadcast_to(inner[:, None, :], lungs.shape)


def _before_spine(one: Spot, here: Scene) -> bool:
    """Whether a piece lies just in front of the spine: the bone in the middle of the body at that height."""
    middle = np.array(one.corner) + np.array(one.mask.shape) / 2
    z, y, x = (round(at) for at in middle)
    bone = here.bone[min(z, here.bone.shape[0] - 1)]
    near = np.abs(np.arange(bone.shape[1]) - x) * here.spacing_mm[2] < GULLET_MM[0]
    behind = np.flatnonzero(bone[y:, near].any(axis=1))
    return bool(len(behind)) and float(behind[0]) * here.spacing_mm[1] < GULLET_MM[1]

"""Where is something as dense as calcium or metal that is not the skeleton?

Metal is told by values above any bone. It misleads with contrast: enhanced blood is as dense as faint calcium, so
calcium is then looked for in the lungs only. Close to the ribs nothing is told: their rims and cartilage look the same.
"""

import numpy as np

from imaging.absent import Absent
from imaging.signs.scene import ALONE_MM, Mask, Scene, closed, eroded, grown, once
from imaging.signs.sight import SMALL_MM, blurred_mm, lungs_cut, too_thick
from imaging.signs.spots import Spot, spots

METAL_ABOVE_HU = 2000.0  # on the 2 mm grid; cortical bone stays below, teeth are outside a chest
LEAST_METAL_ML = 0.05
CALCIUM_ABOVE_HU = 180.0  # on the 2 mm grid: a piece of 130 HU and more that fills its voxel, above noise
MARROW_MM = 15.0  # half the width of a vertebral body, whose marrow may itself be above the limit
LEAST_CALCIUM_ML = 0.02
BONE_RIM_MM = 3.0  # blur of a bone within the slice; across slices it reaches as far as a slice is thick
WALL_MM = 10.0  # deeper than the inside of the ribs: costal cartilage, rims of ribs that fall from slice to slice


def metal(here: Scene, is_enhanced: bool) -> tuple[Spot, ...] | Absent:
    """Return pieces denser than any bone; not with contrast, which is as dense in the vein it is given into."""
    if is_enhanced:
        return Absent(reason="contrast was given: in the veins it can be as dense as metal")
    return spots((here.hu > METAL_ABOVE_HU) & _below_neck(here), here, LEAST_METAL_ML)


def calcium(here: Scene, is_enhanced: bool) -> tuple[Spot, ...] | Absent:
    """Return pieces as dense as calcium inside the chest that are neither bone nor metal."""
    inside = here.hull if is_enhanced else here.chest
    if isinstance(inside, Absent):
        return inside
    refused = too_thick(here, SMALL_MM) or lungs_cut(here)
    if refused is not None:
        return refused
    inside = eroded(inside, WALL_MM, (ALONE_MM, *here.spacing_mm[1:]))
    bony = _skeleton(here)
    vessels = here.near(("heart", "aorta", "airways", "liver", "spleen"), 8.0) if is_enhanced else here.bone
    limit = 2 * CALCIUM_ABOVE_HU if is_enhanced else CALCIUM_ABOVE_HU  # enhanced vessels in the lung
    dense = inside & (here.hu > limit) & (here.hu < METAL_ABOVE_HU) & ~bony & ~vessels
    return spots(dense, here, LEAST_CALCIUM_ML)


@once
def _skeleton(here: Scene) -> Mask:
    """Bone with its marrow and its blurred rim, with what the labels call bone."""
    bone = here.bone | here.near(("bone", "vertebrae"), 0.0)
    return grown(closed(bone, MARROW_MM, here.spacing_mm), blurred_mm(here, BONE_RIM_MM), here.spacing_mm)


def _below_neck(here: Scene) -> Mask:
    """The slices up to the top of the lungs, all where none are labelled: teeth are as dense as metal."""
    below = np.ones((len(here.hu), 1, 1), bool)
    if not isinstance(here.lungs, Absent):
        below[int(np.flatnonzero(here.lungs.any(axis=(1, 2)))[-1]) + 1 :] = False
    return below

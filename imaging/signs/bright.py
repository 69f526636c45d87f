"""Where is something as dense as calcium or metal that is not the skeleton?

Metal is told by values above any bone. It misleads with contrast: enhanced blood is as dense as faint calcium, so
calcium is then looked for in the lungs only.
"""

from imaging.absent import Absent
from imaging.signs.scene import Mask, Scene, closed, grown, once
from imaging.signs.spots import Spot, spots

METAL_ABOVE_HU = 2000.0  # on the 2 mm grid; cortical bone stays below, teeth are outside a chest
LEAST_METAL_ML = 0.05
CALCIUM_ABOVE_HU = 180.0  # on the 2 mm grid: a piece of 130 HU and more that fills its voxel, above noise
MARROW_MM = 15.0  # half the width of a vertebral body, whose marrow may itself be above the limit
LEAST_CALCIUM_ML = 0.02


def metal(here: Scene, is_enhanced: bool) -> tuple[Spot, ...] | Absent:
    """Return pieces denser than any bone; not with contrast, which is as dense in the vein it is given into."""
    if is_enhanced:
        return Absent(reason="contrast was given: in the veins it can be as dense as metal")
    return spots(here.hu > METAL_ABOVE_HU, here, LEAST_METAL_ML)


def calcium(here: Scene, is_enhanced: bool) -> tuple[Spot, ...] | Absent:
    """Return pieces as dense as calcium inside the chest that are neither bone nor metal."""
    inside = here.hull if is_enhanced else here.chest
    if isinstance(inside, Absent):
        return inside
    bony = _skeleton(here)
    vessels = here.near(("heart", "aorta", "airways", "liver", "spleen"), 8.0) if is_enhanced else here.bone
    limit = 2 * CALCIUM_ABOVE_HU if is_enhanced else CALCIUM_ABOVE_HU  # enhanced vessels in the lung
    dense = inside & (here.hu > limit) & (here.hu < METAL_ABOVE_HU) & ~bony & ~vessels
    return spots(dense, here, LEAST_CALCIUM_ML)


@once
def _skeleton(here: Scene) -> Mask:
    """Bone with its marrow and its blurred rim."""
    return grown(closed(here.bone, MARROW_MM, here.spacing_mm), 3.0, here.spacing_mm)

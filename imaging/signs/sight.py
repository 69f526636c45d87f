"""May a sign be looked for in this scan at all? The reason why not, or nothing.

What is small and very dense or empty is told by single voxels. Where a slice is thicker than the thing, or than the
skin of muscle and fat that parts a rib from the lung, an edge that runs aslant through a slice looks the same.
"""

from imaging.absent import Absent
from imaging.gate import slice_mm
from imaging.signs.scene import Mask, Scene

SMALL_MM = 3.55  # 3 mm, as calcium is scored, with rounding; at 5 mm rims of ribs and domes outnumber calcium by far
PARTS_MM = 5.5  # a part of 8 to 10 mm has to lie in two slices; in one it is the dome of the diaphragm, or a vessel
MOST_AT_END = 0.1  # of the lungs' widest slice: a chest that is cut a little short at the base is still a chest


def too_thick(here: Scene, most_mm: float) -> Absent | None:
    """Return why slices are too thick, None where they are thin enough."""
    seen = slice_mm(here.volume)
    if seen <= most_mm:
        return None
    return Absent(
        reason=f"slices of {seen:g} mm, at most {most_mm:g} mm can show it: edges aslant in a slice look alike"
    )


def lungs_cut(here: Scene) -> Absent | None:
    """Return why the lungs do not bear looking around them: not drawn, or largely beyond the ends of the scan."""
    if isinstance(here.lungs, Absent):
        return here.lungs
    share = end_share(here.lungs)
    if share <= MOST_AT_END:
        return None
    return Absent(reason=f"the scan ends within the lungs ({share:.0%} of their widest slice): the chest is not whole")


def end_share(mask: Mask) -> float:
    """Return how much of an organ the first or last slice holds, as a share of its widest slice."""
    areas = mask.sum(axis=(1, 2))
    return float(max(areas[0], areas[-1]) / max(1, areas.max()))


def blurred_mm(here: Scene, in_plane_mm: float) -> float:
    """Return how far an edge is blurred: what it is within the slice, or a slice's thickness where that is more."""
    return max(in_plane_mm, slice_mm(here.volume))

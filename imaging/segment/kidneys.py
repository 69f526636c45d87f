"""Where are the kidneys? An oval beside the spine, with fat around it, under the diaphragm.

With contrast by brightness, without by being neither fat nor as dense as muscle. Where no fat lies between kidney and
psoas or bowel that is told, not drawn. It misleads without excretion on one side, and with large cysts, which stay out.
The hollow of the kidney may count to it without contrast.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.segment.coarse import Coarse, Mask, filled, largest

ENHANCED_HU = 120.0  # of blood in the aorta; native blood stays below 75
BRIGHT_HU = (110.0, 420.0)  # a kidney with contrast, smoothed; liver and spleen are other organs' already
NATIVE_HU = (-20.0, 40.0)  # smoothed, with the fat of its hollow; muscle has 45 to 60
RIM_HU = {True: (80.0, 500.0), False: (-40.0, 90.0)}  # of single voxels at the edge, with and without contrast
CORE_MM = {True: 4.0, False: 7.0}  # radius of a ball that fits in; enhanced, only what bridges to bowel is cut
CLOSED_MM = 4.0
ASIDE_MM, BEFORE_MM = (33.0, 105.0), (-55.0, 8.0)  # from the canal's middle: to a side, to the front and to the back
ASIDE_ENHANCED_MM, BEFORE_ENHANCED_MM = (18.0, 105.0), (-58.0, 28.0)  # contrast itself keeps muscle and bowel out
MIDDLE_ASIDE_MM, MIDDLE_BEFORE_MM = (35.0, 85.0), (-55.0, 15.0)
LEAST_ML, MOST_ML = 25.0, 350.0  # a part at the scan's end; a large kidney [U]
MOST_CUT = 0.35  # share of its shadow to the front, or to the side, that ends where the search does: it goes on there
NOT_SEEN = "no oval of a kidney's size lies beside the spine"
LEAKS = "it runs into its neighbours: no fat is seen between them"


def kidneys(
    grid: Coarse, *, free: Mask, smooth: NDArray[np.float32], middle: NDArray[np.float64], is_enhanced: bool
) -> dict[str, Mask | str]:
    """Return `kidney_right` and `kidney_left`: a mask (Z, Y, X), or why there is none.

    Args: free: tissue under the diaphragm that no other organ took; smooth: smoothed HU; middle: (Z, 2) y, x of the
    canal of the spine in mm in each slice.
    """
    dy, dx = grid.spacing_mm[1], grid.spacing_mm[0]
    behind = np.arange(grid.hu.shape[1])[None, :, None] * dy - middle[:, 0, None, None]
    aside = np.arange(grid.hu.shape[2])[None, None, :] * dx - middle[:, 1, None, None]
    hu = BRIGHT_HU if is_enhanced else NATIVE_HU
    front, back = BEFORE_ENHANCED_MM if is_enhanced else BEFORE_MM
    near, far = ASIDE_ENHANCED_MM if is_enhanced else ASIDE_MM
    found: dict[str, Mask | str] = {}
    for name, out in (("kidney_right", -aside), ("kidney_left", aside)):
        region = free & (out > near) & (out < far) & (behind > front) & (behind < back)
        core = _core(grid, region & (smooth > hu[0]) & (smooth < hu[1]), out, behind, CORE_MM[is_enhanced])
        if core is None:
            found[name] = NOT_SEEN
            continue
        low, high = RIM_HU[is_enhanced]
        mask = grid.grown(core, 3.0) & region & (grid.hu > low) & (grid.hu < high)
        mask = largest(filled(grid.closed(mask, CLOSED_MM)) & region)
        if not LEAST_ML <= grid.ml(mask) <= MOST_ML:
            found[name] = NOT_SEEN
        elif max(_cut(mask, behind < front + 1.5 * dy, axis=1), _cut(mask, out < near + 1.5 * dx, axis=2)) > MOST_CUT:
            found[name] = LEAKS
        else:
            found[name] = mask
    return found


def _cut(mask: Mask, end: Mask, axis: int) -> float:
    """Return the share of a mask's shadow along an axis that lies at an end of the search."""
    return float((mask & end).any(axis=axis).sum() / max(1, mask.any(axis=axis).sum()))


def _core(
    grid: Coarse, alike: Mask, out: NDArray[np.float64], behind: NDArray[np.float64], radius_mm: float
) -> Mask | None:
    """Return the largest part, bridges cut, whose middle lies where a kidney's does."""
    pieces, count = ndimage.label(grid.opened(alike, radius_mm))
    size = np.bincount(pieces.ravel(), minlength=count + 1) * grid.voxel_ml
    size[0] = 0
    for number in np.argsort(-size)[:4]:
        if size[number] < LEAST_ML / 2:
            return None
        part: Mask = pieces == number
        at_out, at_behind = (float(np.broadcast_to(one, part.shape)[part].mean()) for one in (out, behind))
        if MIDDLE_ASIDE_MM[0] < at_out < MIDDLE_ASIDE_MM[1] and MIDDLE_BEFORE_MM[0] < at_behind < MIDDLE_BEFORE_MM[1]:
            return part
    return None

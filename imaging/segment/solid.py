"""Where is a solid organ of even brightness? Its core in a region where it must lie, grown to what is as bright.

Used for the liver and the spleen, with or without contrast: the organ's own brightness is taken from its core.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.segment.coarse import Coarse, Mask, filled, largest, touching

SMOOTH_MM = 2.5  # sigma: noise of 20-30 HU in a thin slice falls to a third
EVEN_HU = 22.0  # standard deviation over 9 mm within an organ, after smoothing; a border has more
LEAST_SPREAD_HU = 9.0  # of an organ after smoothing, so that a quiet phantom grows too
REACH_SPREADS = 2.6  # how far from the organ's median what belongs to it may be, in its standard deviations


@dataclass(frozen=True, kw_only=True)
class Solid:
    """An organ's mask with the median and spread of its core in HU."""

    mask: Mask
    core: Mask
    hu: float
    spread_hu: float


def smoothed(grid: Coarse) -> NDArray[np.float32]:
    """Return the grid's HU, clipped to tissue and smoothed (Z, Y, X)."""
    sigma = [SMOOTH_MM / mm if mm < 2 * SMOOTH_MM else 0 for mm in grid.sampling]
    result: NDArray[np.float32] = ndimage.gaussian_filter(np.clip(grid.hu, -200, 500), sigma)
    return result


def even(grid: Coarse, smooth: NDArray[np.float32], low_hu: float, high_hu: float) -> Mask:
    """Return where the smoothed picture hardly changes and lies between the two values."""
    width = [2 * round(4.5 / mm) + 1 if mm < 4.5 else 1 for mm in grid.sampling]
    mean = ndimage.uniform_filter(smooth, width)
    spread = np.sqrt(np.maximum(ndimage.uniform_filter(smooth**2, width) - mean**2, 0))
    result: Mask = (spread < EVEN_HU) & (mean > low_hu) & (mean < high_hu)
    return result


def solid(
    grid: Coarse,
    smooth: NDArray[np.float32],
    *,
    core: Mask,
    allowed: Mask,
    neck_mm: float,
) -> Solid | None:
    """Return the organ around a core, within what is allowed; bridges narrower than twice `neck_mm` are cut."""
    if not core.any():
        return None
    values = smooth[core]
    hu = float(np.median(values))
    spread = max(LEAST_SPREAD_HU, float(1.4826 * np.median(np.abs(values - hu))))
    alike = (np.abs(smooth - hu) < REACH_SPREADS * spread) & allowed
    body = touching(grid.opened(alike, neck_mm), core)
    if not body.any():
        return None
    body = largest(body)
    rim = grid.grown(body, 3.5) & allowed & (np.abs(grid.hu - hu) < 2 * REACH_SPREADS * spread)
    mask = filled(grid.closed(body | rim, 5.0)) & allowed
    return Solid(mask=mask, core=core, hu=hu, spread_hu=spread)

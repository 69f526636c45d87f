"""Between which vertebrae lies a disc? Pairs of end plates along the bodies, a vertebra's height apart.

In planes square to the canal the inside of the bodies is sampled; an end plate is denser than the spongy bone on one
side and the disc on the other, whatever both are. The best row of pairs (dynamic programming) gives the discs.
It misleads with fractured or fused vertebrae: a row that does not fit is told as none.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.segment.canal import Canal
from imaging.segment.coarse import Coarse

AHEAD_MM = 24.0  # from the canal's middle to the body's: half of 15 mm and half of 30 to 35 mm
RADIUS_MM = 9.0  # inside the body, off its side walls
BASE_MM = 61  # running median, longer than two vertebrae: what an end plate is held against
PLATE_MM = 1.5  # sigma of the blur
HALF_DISC_MM = np.arange(3, 9)  # between the two end plates of a disc lie 6 to 16 mm; of a body 18 and more
HEIGHT_MM = (22, 44)  # from disc to disc: the lowest thoracic to the lowest lumbar vertebra
CHANGE_COST = 0.03  # a mm that neighbours differ in height, in units of a usual pair of plates
LEAST_PAIR = 0.35  # of a usual pair: less is no disc


def body_way(canal: Canal) -> NDArray[np.float64]:
    """Return the middle of the vertebral bodies along the canal: (N, 3) z, y, x in mm."""
    return np.asarray(canal.place + AHEAD_MM * canal.front)


def discs(grid: Coarse, canal: Canal) -> list[int]:
    """Return the places of the discs along the canal, in mm from its lower end, from low to high."""
    plates = _plates(_inside(grid, canal))
    if np.isnan(plates).all() or len(plates) < 2 * HEIGHT_MM[0]:
        return []
    pair = np.full(len(plates), np.nan)
    for half in HALF_DISC_MM:
        both = np.minimum(plates[: -2 * half], plates[2 * half :])
        pair[half:-half] = np.fmax(pair[half:-half], both)
    usual = float(np.nanpercentile(pair, 90))
    if not usual > 0:
        return []
    return _best_row(np.where(np.isnan(pair), -np.inf, pair / usual - LEAST_PAIR))


def _inside(grid: Coarse, canal: Canal) -> NDArray[np.float64]:
    """Return the median HU inside the body for each mm along the canal, NaN beyond the scan."""
    across = np.arange(-RADIUS_MM, RADIUS_MM + 0.1, 1.5)
    ahead, aside = (one.ravel() for one in np.meshgrid(across, across))
    is_in = np.hypot(ahead, aside) <= RADIUS_MM
    ahead, aside = ahead[is_in, None], aside[is_in, None]
    sampling = np.array(grid.sampling)
    last = (np.array(grid.hu.shape) - 1) * sampling
    hu = np.clip(grid.hu, -200, 700)
    found = np.full(len(canal.place), np.nan)
    for at, middle in enumerate(body_way(canal)):
        places = middle + ahead * canal.front[at] + aside * canal.side[at]
        seen = places[np.all((places >= 0) & (places <= last), axis=1)]
        if len(seen) > len(places) / 2:
            found[at] = np.median(ndimage.map_coordinates(hu, (seen / sampling).T, order=1))
    return found


def _plates(inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each place is denser than what lies around it along the spine, in HU."""
    result = np.full(len(inside), np.nan)
    seen = np.flatnonzero(~np.isnan(inside))
    if len(seen):
        part = slice(int(seen[0]), int(seen[-1]) + 1)
        values = np.interp(np.arange(part.start, part.stop), seen, inside[seen])
        base = ndimage.median_filter(values, BASE_MM, mode="nearest")
        result[part] = ndimage.gaussian_filter1d(values - base, PLATE_MM, mode="nearest")
    return result


def _best_row(gain: NDArray[np.float64]) -> list[int]:
    """Return the row of places with the highest sum, neighbours a vertebra's height apart that changes slowly."""
    heights = np.arange(HEIGHT_MM[0], HEIGHT_MM[1] + 1)
    cost = CHANGE_COST * np.abs(heights[:, None] - heights[None, :])
    best = np.full((len(gain), len(heights)), -np.inf)  # a row that ends here, and came from so far below
    came = np.full(best.shape, -1, np.intp)
    for at in range(len(gain)):
        for column, height in enumerate(heights):
            before = at - int(height)
            if before < 0 or not np.isfinite(gain[before]):
                continue
            ways = best[before] - cost[:, column]
            chosen = int(ways.argmax())
            is_start = not ways[chosen] > gain[before]
            best[at, column] = gain[at] + (gain[before] if is_start else ways[chosen])
            came[at, column] = -1 if is_start else chosen
    if not np.isfinite(best).any():
        return [int(gain.argmax())] if np.isfinite(gain).any() and gain.max() > 0 else []
    at, column = (int(one) for one in np.unravel_index(int(best.argmax()), best.shape))
    if best[at, column] <= 0:
        return []
    row = [at]
    while True:
        before = int(came[at, column])
        at -= int(heights[column])
        row.append(at)
        if before < 0:
            return row[::-1]
        column = before

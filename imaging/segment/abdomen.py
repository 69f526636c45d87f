"""Where are the liver and the spleen? Large even organs on either side under the diaphragm.

It misleads where an organ is not even (metastases, a cirrhotic or a badly perfused spleen), and where a neighbour of
the same brightness touches broadly (stomach and muscle without contrast).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.segment.coarse import Coarse, Mask
from imaging.segment.solid import Solid, even, smoothed, solid

LIVER_HU, SPLEEN_HU = (0.0, 200.0), (15.0, 300.0)  # from a very fatty liver to the arterial phase
LIVER_CORE_MM, SPLEEN_CORE_MM = 11.0, 7.0  # radius of a ball that fits in the organ, and not in muscle beside it
LIVER_NECK_MM, SPLEEN_NECK_MM = 6.0, 5.0
LIVER_ASIDE_MM = -20.0  # its middle lies on the right of the spine; what lies before it is the heart or a phantom's
LEAST_LIVER_ML, LEAST_SPLEEN_ML = 150.0, 25.0  # also of a part at the scan's end; less is not claimed
MOST_LIVER_ML, MOST_SPLEEN_ML = 4000.0, 1500.0  # beyond huge: a leak
MOST_CUT = 0.045  # share that lies at the edge of where the spleen is looked for; the stomach goes on there
GAS_MM = 3.0  # gas that near, other than lung, is in the stomach or the bowel: it is theirs, not the spleen
MOST_GASSY = 0.02  # share of the surface that may have gas so near
WALL_MM = 8.0  # the spleen lies at the ribs or the lung
WALL_SHARE = 0.12  # of the spleen's surface, at least, that lies there


@dataclass(frozen=True, kw_only=True)
class Abdomen:
    """The organs, None with the reason in `why` where one was not found."""

    liver: Solid | None
    spleen: Solid | None
    why: dict[str, str]


def abdomen(
    grid: Coarse,
    *,
    free: Mask,
    beyond: Mask,
    way_x: NDArray[np.float64],
    way_y: NDArray[np.float64],
    under: Mask,
) -> Abdomen:
    """Return liver and spleen.

    Args: free: soft tissue in the body that no other organ took; beyond: lung and rib, at which the spleen lies;
    way_x, way_y: (Z,) the spine's voxel in each slice; under: what lies below the diaphragm.
    """
    smooth = smoothed(grid)
    x = (np.arange(grid.hu.shape[2])[None, None, :] - way_x[:, None, None]) * grid.spacing_mm[0]
    y = (np.arange(grid.hu.shape[1])[None, :, None] - way_y[:, None, None]) * grid.spacing_mm[1]
    allowed = free & under
    why: dict[str, str] = {}
    liver = _liver(grid, smooth, allowed, x)
    if liver is None:
        why["liver"] = "no large even organ lies on the right under the diaphragm: not in the scan, or not even"
    taken = grid.grown(liver.mask, 2.0) if liver else np.zeros_like(free)
    spleen = _spleen(grid, smooth, allowed & ~taken, beyond, x, y)
    if spleen is None:
        why["spleen"] = "no even organ lies at the left chest wall under the diaphragm"
    return Abdomen(liver=liver, spleen=spleen, why=why)


def _liver(grid: Coarse, smooth: NDArray[np.float32], allowed: Mask, x: NDArray[np.float64]) -> Solid | None:
    core = grid.opened(even(grid, smooth, *LIVER_HU) & allowed & (x < 0), LIVER_CORE_MM)
    labels, count = ndimage.label(core & (x < -25))
    if count == 0:
        return None
    size = np.bincount(labels.ravel())
    size[0] = 0
    found = solid(grid, smooth, core=labels == size.argmax(), allowed=allowed, neck_mm=LIVER_NECK_MM)
    if found is None or not LEAST_LIVER_ML <= grid.ml(found.mask) <= MOST_LIVER_ML:
        return None
    aside_mm = float(np.broadcast_to(x, found.mask.shape)[found.mask].mean())
    return found if aside_mm < LIVER_ASIDE_MM else None


def _spleen(
    grid: Coarse,
    smooth: NDArray[np.float32],
    allowed: Mask,
    beyond: Mask,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> Solid | None:
    region = allowed & (x > 25) & (y > -110)
    core = grid.opened(even(grid, smooth, *SPLEEN_HU) & region, SPLEEN_CORE_MM)
    labels, count = ndimage.label(core)
    wall = grid.grown(beyond, WALL_MM)
    near_gas = grid.grown((grid.hu < -500) & ~beyond, GAS_MM)
    cut_off = np.broadcast_to((x < 25 + 2 * grid.spacing_mm[0]) | (y < -110 + 2 * grid.spacing_mm[1]), region.shape)
    best: tuple[float, Solid] | None = None
    size = np.bincount(labels.ravel()) * grid.voxel_ml
    for one in range(1, count + 1):
        if size[one] < LEAST_SPLEEN_ML / 3:
            continue
        found = solid(grid, smooth, core=labels == one, allowed=region, neck_mm=SPLEEN_NECK_MM)
        if found is None or not LEAST_SPLEEN_ML <= grid.ml(found.mask) <= MOST_SPLEEN_ML:
            continue
        surface = found.mask & ~ndimage.binary_erosion(found.mask)
        gassy = float((surface & near_gas).sum() / max(1, surface.sum()))
        if np.mean(cut_off[found.mask]) > MOST_CUT or gassy > MOST_GASSY:
            continue
        share = float((surface & wall).sum() / max(1, surface.sum()))
        if share >= WALL_SHARE and (best is None or share > best[0]):
            best = share, found
    return best[1] if best else None

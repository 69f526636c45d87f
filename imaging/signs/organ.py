"""Does part of a labelled organ differ from the rest, is it thick, does it hold stones?

Works on the labelled organ at the scan's own resolution. It misleads where the label takes in other tissue.
"""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from imaging.absent import Absent
from imaging.attenuation import attenuation, boxed
from imaging.signs.scene import Scene, eroded, opened
from imaging.signs.spots import Spot, spots

BLUR_MM = 2.0
DEPTH_MM = 5.0  # rim left out: partial volume
ODD_HU = 25.0  # darker than the organ: vessels without contrast and fat unevenness differ less [U]
ODD_MM = 5.0  # radius of a ball that fits in: a lesion of 10 mm
LEAST_ODD_ML = 0.5  # detection limit: a sphere of 10 mm
STONE_ABOVE_HU = 100.0  # bile is 0 to 20; stones without calcium are not seen
LEAST_STONE_ML = 0.02
CYST_BELOW_HU = 20.0  # water with noise and partial volume


def dark_parts(here: Scene, organ: str) -> tuple[Spot, ...] | Absent:
    """Return parts well inside an organ that are darker than the rest of it."""
    mask = here.organ(organ)
    if isinstance(mask, Absent):
        return mask
    fine = here.labels.mask(organ)
    usual = attenuation(fine, here.volume, DEPTH_MM) if not isinstance(fine, Absent) else fine
    if isinstance(usual, Absent):
        return usual
    deep = eroded(np.pad(mask, 1), DEPTH_MM, here.spacing_mm)[1:-1, 1:-1, 1:-1]
    dark = deep & (here.smooth(BLUR_MM) < usual.median_hu - ODD_HU)
    return spots(opened(dark, ODD_MM, here.spacing_mm), here, LEAST_ODD_ML)


def stones(here: Scene, organ: str) -> tuple[Spot, ...] | Absent:
    """Return dense pieces inside a labelled hollow organ."""
    mask = here.organ(organ)
    if isinstance(mask, Absent):
        return mask
    return spots(mask & (here.hu > STONE_ABOVE_HU), here, LEAST_STONE_ML)


def thickest(here: Scene, organ: str) -> tuple[Spot, ...] | Absent:
    """Return the place where the largest ball fits into an organ; its diameter is the spot's `sphere_mm`."""
    fine = here.labels.mask(organ)
    if isinstance(fine, Absent):
        return fine
    box = boxed(fine, margin=1)
    depth = ndimage.distance_transform_edt(fine[box], sampling=here.volume.spacing_mm[::-1])
    at = np.array(np.unravel_index(int(depth.argmax()), depth.shape)) + [one.start for one in box]
    x, y, z = (round(float(mm), 1) for mm in here.volume.to_lps(at[::-1].astype(float)))
    radius = float(depth.max())
    place = np.zeros(here.hu.shape, bool)
    place[tuple(np.minimum(at // here.step, np.array(here.hu.shape) - 1))] = True
    (spot,) = spots(place, here, 0.0)
    low, high = (x - radius, y - radius, z - radius), (x + radius, y + radius, z + radius)
    return (replace(spot, sphere_mm=2 * radius, centre_lps_mm=(x, y, z), box_lps_mm=(low, high)),)

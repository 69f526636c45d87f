"""Does part of a labelled organ differ from the rest, is it thick, does it hold stones?

Works on the labelled organ at the scan's own resolution. It misleads where the label takes in other tissue.
"""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from imaging.absent import Absent
from imaging.attenuation import attenuation, boxed
from imaging.signs.scene import Mask, Scene, eroded, grown, opened
from imaging.signs.sight import PARTS_MM, SMALL_MM, too_thick
from imaging.signs.spots import Spot, spots

BLUR_MM = 2.0
DEPTH_MM = 5.0  # rim left out: partial volume
ODD_HU = 25.0  # darker than the organ: vessels without contrast and fat unevenness differ less [U]
ODD_MM = 5.0  # radius of a ball that fits in: a lesion of 10 mm
ROUND = 0.35  # shortest over longest extent: veins, fissures and slices at the cut end of an organ are longer than that
AROUND_MM = 6.0  # the shell around a part that is looked at
LEAST_AROUND = 0.6  # of that shell is the organ, as dense as usual: the liver's hilum and the kidney's sinus are open
UNEVEN_HU = (
    40.0  # spread between voxels; a kidney whose cortex has taken up contrast before its marrow has 90, native 14
)
FAT_HU = -20.0  # darker is fat, not a lump: fissures, the kidney's sinus; an angiomyolipoma is missed
LEAST_ODD_ML = 0.5  # detection limit: a sphere of 10 mm
STONE_ABOVE_HU = 100.0  # bile is 0 to 20; stones without calcium are not seen
LEAST_STONE_ML = 0.02
CYST_BELOW_HU = 20.0  # water with noise and partial volume


def dark_parts(here: Scene, organ: str) -> tuple[Spot, ...] | Absent:
    """Return round parts well inside an organ, enclosed by it, that are darker than the rest of it."""
    mask = here.organ(organ)
    if isinstance(mask, Absent):
        return mask
    refused = too_thick(here, PARTS_MM)
    if refused is not None:
        return refused
    fine = here.labels.mask(organ)
    usual = attenuation(fine, here.volume, DEPTH_MM) if not isinstance(fine, Absent) else fine
    if isinstance(usual, Absent):
        return usual
    if usual.spread_hu > UNEVEN_HU:
        return Absent(reason=f"uneven by {usual.spread_hu:.0f} HU: noise, or contrast that has not reached all of it")
    deep = eroded(np.pad(mask, 1), DEPTH_MM, here.spacing_mm)[1:-1, 1:-1, 1:-1]
    dark = deep & (here.smooth(BLUR_MM) < usual.median_hu - ODD_HU)
    usually = mask & (here.smooth(BLUR_MM) >= usual.median_hu - ODD_HU)
    found = spots(opened(dark, ODD_MM, here.spacing_mm), here, LEAST_ODD_ML)
    return tuple(
        one
        for one in found
        if one.mean_hu > FAT_HU
        and one.extents_mm[2] >= ROUND * one.extents_mm[0]
        and _enclosed(one, usually, here) >= LEAST_AROUND
    )


def stones(here: Scene, organ: str) -> tuple[Spot, ...] | Absent:
    """Return dense pieces inside a labelled hollow organ."""
    mask = here.organ(organ)
    if isinstance(mask, Absent):
        return mask
    refused = too_thick(here, SMALL_MM)
    if refused is not None:
        return refused
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


def _enclosed(one: Spot, within: Mask, here: Scene) -> float:
    """Share of the shell around a part that lies within a mask; what is darker next to it counts as the part's rim."""
    margin = [int(np.ceil(2 * AROUND_MM / mm)) for mm in here.spacing_mm]
    padded = np.pad(one.mask, [(m, m) for m in margin])
    shell = grown(padded, AROUND_MM, here.spacing_mm) & ~grown(padded, AROUND_MM - 2.0, here.spacing_mm)
    at = np.argwhere(shell) + np.array(one.corner) - margin
    inside = ((at >= 0) & (at < within.shape)).all(axis=1)
    return float(within[tuple(at[inside].T)].sum()) / max(1, len(at))

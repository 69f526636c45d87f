"""Which parts of the lungs are denser or emptier than they should be?

Dense: blurred HU of ground-glass or of soft tissue inside each lung's outline, where more than a vessel's width of it
lies together. Empty: pieces of almost nothing but gas. All limits are technical: what is smaller is not told.
What is dense has to lie between lung: with lung below it and on its side towards the middle, else it is the dome of the
diaphragm, the hilum or the heart; consolidation that lies broadly on those is missed, and so is a lobe that is wholly
dense. It misleads near the hilum (large vessels), with motion, and in dependent lung in expiration.
"""

import numpy as np
from scipy import ndimage

from imaging.absent import Absent
from imaging.signs.scene import Mask, Scene, eroded, grown, once, opened
from imaging.signs.sight import PARTS_MM, SMALL_MM, blurred_mm, lungs_cut, too_thick
from imaging.signs.spots import Spot, spots

GLASS_HU = (-700.0, -250.0)  # denser than lung, vessels still seen (Hansell 2008, doi:10.1148/radiol.2462070712, words)
DENSE_ABOVE_HU = -150.0  # vessels no longer seen; soft tissue after blurring with lung
DENSE_BELOW_HU = 200.0  # what is denser after blurring is bone, metal, or contrast
BLUR_MM = 2.5
THICK_MM = 4.0  # radius of a ball that fits in: vessels inside the lung are thinner away from the hilum
HILUM_MM = 8.0  # around airways, aorta and heart: large vessels and partial volume
EDGE_MM = 4.0  # from the lung's outline: partial volume with the wall
LEAST_DENSE_ML = 2.0  # detection limit: a sphere of 16 mm
HAZY_SHARE = 0.7  # of its unblurred voxels are hazy themselves; bundles of vessels: 0.3 to 0.65 (lung1, phantom; seen)
NOISE_HU = 50.0  # of a voxel on the 2 mm grid, about two standard deviations
LEAST_GLASS_ML = 6.0  # detection limit: a sphere of 23 mm; near the diaphragm blur reaches 5 mL
GAS_BELOW_HU = -960.0  # of blurred lung: normal lung is -880 or denser, emphysema about -950 and so on
LEAST_GAS_ML = 0.5  # detection limit: a sphere of 10 mm
MOST_CYST_ML = 200.0  # a larger one is a bulla or a pneumothorax
ROUND_FILL = 0.35  # of its box: a ball fills 0.52, a flat or branched thing less than 0.35
WALL_ABOVE_HU = -300.0  # the dense wall of a cavity
WALL_SHARE = 0.7  # of the shell around a cavity that must be dense
BETWEEN_SHARE = 0.5  # of a dense part that must have lung below it and towards the middle of the chest
PLATE_MM = (12.0, 25.0)  # a plate is at most so thick and at least so wide and long


@once
def dense(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return dense parts between lung, inside the lungs' outlines, that are thicker than vessels."""
    searched = _searched(here)
    if isinstance(searched, Absent):
        return searched
    hu = here.smooth(BLUR_MM)
    solid = searched & (hu > DENSE_ABOVE_HU) & (hu < DENSE_BELOW_HU)
    found = spots(opened(solid, THICK_MM, here.spacing_mm), here, LEAST_DENSE_ML)
    return tuple(one for one in found if _is_between(one, here))


@once
def glass(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return parts of the lungs as dense as ground-glass, thicker than the blurred rim of vessels and wall."""
    searched = _searched(here)
    if isinstance(searched, Absent):
        return searched
    hu = here.smooth(BLUR_MM)
    solid = grown(
        hu > DENSE_ABOVE_HU, EDGE_MM + blurred_mm(here, 0.0), here.spacing_mm
    )  # a dome lies aslant in a slice
    hazy = searched & (hu > GLASS_HU[0]) & (hu < GLASS_HU[1]) & ~solid
    found = spots(opened(hazy, THICK_MM, here.spacing_mm), here, LEAST_GLASS_ML)
    is_hazy = (here.hu > GLASS_HU[0] - NOISE_HU) & (here.hu < GLASS_HU[1])
    return tuple(one for one in found if is_hazy[one.box][one.mask].mean() >= HAZY_SHARE)


def plates(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return flat dense bands inside the lungs: thin one way, wide the other two."""
    searched = _searched(here)
    if isinstance(searched, Absent):
        return searched
    solid = searched & (here.smooth(1.0) > DENSE_ABOVE_HU - 200) & (here.hu < DENSE_BELOW_HU)
    found = (one for one in spots(solid, here, 1.0) if one.extents_mm[1] >= PLATE_MM[1])
    return tuple(one for one in found if one.extents_mm[2] <= PLATE_MM[0] and _is_between(one, here))


@once
def lucent(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return pieces of lung that are almost nothing but gas, airways left out."""
    if isinstance(here.hull, Absent):
        return here.hull
    airways = here.near(("airways", "trachea"), EDGE_MM)
    empty = here.hull & (here.smooth(BLUR_MM) < GAS_BELOW_HU) & ~airways
    return spots(empty, here, LEAST_GAS_ML)


def cysts(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return round pieces of gas within the lung, away from the chest wall."""
    found = lucent(here)
    if isinstance(found, Absent):
        return found
    return tuple(
        one for one in found if one.ml <= MOST_CYST_ML and one.fill >= ROUND_FILL and not _is_walled(one, here)
    )


def cavities(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return pieces of gas that dense tissue encloses on almost all sides."""
    if isinstance(here.hull, Absent):
        return here.hull
    refused = too_thick(here, SMALL_MM) or lungs_cut(here)
    if refused is not None:
        return refused
    airways = here.near(("airways", "trachea"), EDGE_MM)
    gas = here.hull & (here.hu < -800) & ~airways  # a cavity holds gas, not lung; unblurred, for walls are thin
    enclosed = _filled(grown(here.hu > WALL_ABOVE_HU, here.spacing_mm[0], here.spacing_mm))
    found = spots(gas & enclosed, here, LEAST_GAS_ML)
    return tuple(one for one in found if one.ml <= MOST_CYST_ML and _is_walled(one, here))


def _filled(mask: Mask) -> Mask:
    """A mask with what it encloses: all that no way through voxel faces leads to from the border."""
    outside, _ = ndimage.label(~mask)
    ends = (outside.take([0, -1], axis).ravel() for axis in range(3))
    is_open = np.zeros(outside.max() + 1, bool)
    is_open[np.unique(np.concatenate([*ends]))] = True
    is_open[0] = False
    return ~is_open[outside]


def _is_between(one: Spot, here: Scene) -> bool:
    """Whether lung lies below most of a part, and on its side towards the middle."""
    return float(_between_lung(here)[one.box][one.mask].mean()) >= BETWEEN_SHARE


def _is_walled(one: Spot, here: Scene) -> bool:
    """Whether the shell 2 to 3 grid steps out is mostly dense tissue."""
    padded = np.pad(one.mask, 3)
    shell = ndimage.binary_dilation(padded, iterations=3) & ~ndimage.binary_dilation(padded, iterations=1)
    at = np.argwhere(shell) + np.array(one.corner) - 3
    inside = ((at >= 0) & (at < here.hu.shape)).all(axis=1)
    values = here.hu[tuple(at[inside].T)]
    return bool(len(values)) and float((values > WALL_ABOVE_HU).mean()) >= WALL_SHARE


@once
def _searched(here: Scene) -> Mask | Absent:
    if isinstance(here.hull, Absent):
        return here.hull
    refused = too_thick(here, PARTS_MM)
    if refused is not None:
        return refused
    away = here.near(("airways", "trachea", "aorta", "heart", "liver", "spleen", "stomach"), HILUM_MM)
    wall = grown(here.bone, EDGE_MM, here.spacing_mm)
    return eroded(here.hull, EDGE_MM, here.spacing_mm) & ~away & ~wall


@once
def _between_lung(here: Scene) -> Mask:
    """Where lung lies below in the same column, and in the same row on the side of the middle: of that lung itself."""
    assert not isinstance(here.lungs, Absent)
    below = np.logical_or.accumulate(here.lungs, axis=0)
    middle = int(np.mean(np.flatnonzero(here.lungs.any(axis=(0, 1)))))
    inward = np.zeros_like(below)
    inward[:, :, :middle] = np.logical_or.accumulate(here.lungs[:, :, :middle][:, :, ::-1], axis=2)[:, :, ::-1]
    inward[:, :, middle:] = np.logical_or.accumulate(here.lungs[:, :, middle:], axis=2)
    return np.asarray(below & inward)

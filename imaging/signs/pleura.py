"""What lies between lung and ribs: fluid, gas, a thick layer, calcium?

Fluid is looked for behind the lungs, where it gathers when the patient lies on the back; gas where it touches the
wall. It misleads after surgery, with the patient on the belly or side, and where a fluid-filled stomach or thick
diaphragm lies behind the lung; blood and pus are fluid too.
"""

import numpy as np
from scipy import ndimage

from imaging.absent import Absent
from imaging.signs.scene import Mask, Scene, grown, once, opened
from imaging.signs.sight import PARTS_MM, SMALL_MM, blurred_mm, lungs_cut, too_thick
from imaging.signs.spots import Spot, spots

FLUID_HU = (-15.0, 35.0)  # water to thin blood, after blurring; muscle and blood are 40 and more without contrast
BLUR_MM = 2.5
FLUID_MM = 3.0  # radius of a ball that fits in: partial volume of fat and muscle is thinner
LEAST_FLUID_ML = 20.0  # detection limit
BEHIND_MM = 60.0  # lung must lie so near in front of fluid
NOT_FLUID = ("aorta", "heart", "liver", "spleen", "stomach", "esophagus", "kidney_left", "kidney_right", "airways")
FREE_GAS_BELOW_HU = -970.0  # blurred: no lung tissue in it at all
LEAST_FREE_GAS_ML = 10.0  # detection limit
GAS_MM = 3.0
WALL_MM = 12.0  # pleural gas reaches so near to the inside of the ribs; blur takes 5 mm of it, fat and muscle the rest
CALCIUM_ABOVE_HU = 250.0  # on the 2 mm grid: above enhanced blood's partial volume; real calcium is far above
PLEURAL_MM = 12.0  # calcium lies so near to the lung, on its outer side
LEAST_CALCIUM_ML = 0.2  # detection limit; rims of ribs reach 0.1 mL (LIDC-IDRI-0001)
THICK_MM = 2.5  # radius: a layer of 5 mm
LEAST_LAYER_ML = 3.0
CLOSE_SHARE = (
    0.6  # of the inside of the bones' outline that both lungs' fills: less is the shoulders' height or the belly
)
RIB_PITCH_MM = 20.0  # ribs fall from slice to slice: bone so near above or below parts the muscles of the back off
LAYER_HU = (0.0, 150.0)


def fluid(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return pieces of fluid inside the ribs, behind a lung."""
    outside = _beside_lung(here)
    if isinstance(outside, Absent):
        return outside
    refused = too_thick(here, PARTS_MM)
    if refused is not None:
        return refused
    hu = here.smooth(BLUR_MM)
    wet = outside & (hu > FLUID_HU[0]) & (hu < FLUID_HU[1]) & ~here.near(NOT_FLUID, 3.0)
    return spots(
        opened(wet & _behind_lung(here) & ~_behind_ribs(here), FLUID_MM, here.spacing_mm), here, LEAST_FLUID_ML
    )


def free_gas(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return gas without any lung in it that touches the inside of the chest wall."""
    if isinstance(here.chest, Absent):
        return here.chest
    gas = here.chest & (here.smooth(BLUR_MM) < FREE_GAS_BELOW_HU) & ~here.near(("airways", "trachea"), 4.0)
    wall = here.chest & grown(~here.chest, WALL_MM, here.spacing_mm)
    found = spots(opened(gas, GAS_MM, here.spacing_mm), here, LEAST_FREE_GAS_ML)
    return tuple(one for one in found if wall[one.box][one.mask].any())


def layer(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return soft tissue between lung and ribs that is thicker than pleura and the muscle there."""
    outside = _beside_lung(here)
    if isinstance(outside, Absent) or isinstance(here.hull, Absent):
        return outside if isinstance(outside, Absent) else Absent(reason="no lung")
    refused = too_thick(here, PARTS_MM) or lungs_cut(here)
    if refused is not None:
        return refused
    hu = here.smooth(1.0)
    spine = here.near(("esophagus", "aorta", "heart", "liver", "spleen", "stomach", "airways"), 10.0)
    soft = outside & (hu > LAYER_HU[0]) & (hu < LAYER_HU[1]) & grown(here.hull, 10.0, here.spacing_mm) & ~spine
    return spots(opened(soft & _outer(here) & _close(here), THICK_MM, here.spacing_mm), here, LEAST_LAYER_ML)


def calcium(here: Scene) -> tuple[Spot, ...] | Absent:
    """Return dense pieces that lie on a lung's outer side and are not connected to bone."""
    if isinstance(here.lungs, Absent) or isinstance(here.chest, Absent):
        return here.lungs if isinstance(here.lungs, Absent) else Absent(reason="the ribs do not outline the chest")
    refused = too_thick(here, SMALL_MM) or lungs_cut(here)
    if refused is not None:
        return refused
    band = grown(here.lungs, PLEURAL_MM, here.spacing_mm) & ~here.lungs & here.chest & _outer(here)
    bony = grown(here.bone, blurred_mm(here, 3.0), here.spacing_mm)
    vessels = here.near(("aorta", "heart", "airways", "esophagus"), 6.0)
    return spots(band & (here.hu > CALCIUM_ABOVE_HU) & ~bony & ~vessels & _close(here), here, LEAST_CALCIUM_ML)


@once
def _beside_lung(here: Scene) -> Mask | Absent:
    if isinstance(here.lungs, Absent):
        return here.lungs
    if isinstance(here.chest, Absent):
        return here.chest
    return here.chest & ~here.lungs & ~grown(here.bone, 3.0, here.spacing_mm)


def _behind_lung(here: Scene) -> Mask:
    """Where lung lies in front, near enough, in the same column of the same slice."""
    assert not isinstance(here.lungs, Absent)
    reach = max(1, round(BEHIND_MM / here.spacing_mm[1]))
    count = np.cumsum(here.lungs, axis=1, dtype=np.int32)
    before = np.zeros_like(count)
    before[:, reach:] = count[:, :-reach]
    return np.asarray(count - before > 0)


@once
def _outer(here: Scene) -> Mask:
    """Further from the middle of the chest than the lung at that height, or behind it: not the mediastinal side."""
    assert not isinstance(here.lungs, Absent)
    columns = np.arange(here.hu.shape[2])
    middle = float(np.mean(np.flatnonzero(here.lungs.any(axis=(0, 1)))))
    right, left = here.lungs & (columns < middle), here.lungs & (columns >= middle)
    before = ~np.logical_or.accumulate(right, axis=2) & right.any(axis=2, keepdims=True)
    after = ~np.logical_or.accumulate(left[:, :, ::-1], axis=2)[:, :, ::-1] & left.any(axis=2, keepdims=True)
    return np.asarray(before | after)


@once
def _close(here: Scene) -> Mask:
    """The slices (Z, 1, 1) in which the bones' outline is that of the ribs: the lungs fill most of it."""
    assert not isinstance(here.chest, Absent) and not isinstance(here.hull, Absent)
    inside, lungs = (np.count_nonzero(one, axis=(1, 2)) for one in (here.chest, here.hull))
    return np.asarray(lungs >= CLOSE_SHARE * np.maximum(inside, 1))[:, None, None]


def _behind_ribs(here: Scene) -> Mask:
    """Where, going back from the lung in the same column, a rib lies before; ribs of the heights near by count."""
    assert not isinstance(here.lungs, Absent)
    reach = max(1, round(RIB_PITCH_MM / 2 / here.spacing_mm[0]))
    bone = np.asarray(ndimage.maximum_filter1d(here.bone.view(np.uint8), 2 * reach + 1, axis=0), bool)
    rows = np.arange(here.hu.shape[1], dtype=np.int32)[None, :, None]
    last = [np.maximum.accumulate(np.where(one, rows, -1), axis=1) for one in (bone, here.lungs)]
    return np.asarray(last[0] > last[1])

"""At which height do ribs leave the spine? Thin long bones on either side of the canal, by their inner ends.

It misleads where ribs are crushed together, and a twelfth rib that ends within 6 cm of the middle is not seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.segment.canal import Canal
from imaging.segment.coarse import Coarse, Mask

ABOVE_HU = 180.0  # thin ribs in slices of 3 mm; enhanced kidneys reach it too and are told by their thickness
THICK_MM = 7.0  # radius of a ball that fits into no rib
FROM_MM, TO_MM = 27.0, 85.0  # from the canal's middle to the side: outside the joints, behind the kidneys
FRONT_MM, BACK_MM = 18.0, 60.0  # before and behind the canal's middle
INNER_END_MM = 45.0  # a rib begins nearer than that
REACHES_MM = 60.0  # and goes on at least so far; a transverse process ends at 50 mm at most
LEAST_MM3 = 200.0
HEAD_MM = 20.0  # from the middle to the joint at the body's side
FALL = 0.3  # mm a mm to the side: a lowest rib near its head (0.3 and 0.4 on two scans with labels)


@dataclass(frozen=True, kw_only=True)
class Rib:
    """One rib: its head's height in mm along the canal, and its side."""

    height_mm: float
    is_right: bool


def ribs(grid: Coarse, body: Mask, canal: Canal) -> tuple[Rib, ...]:
    """Return the ribs from low to high."""
    dx, dy, dz = grid.spacing_mm
    depth, height, width = grid.hu.shape
    at = np.arange(depth) * dz
    middle_y, middle_x = (np.interp(at, canal.place[:, 0], canal.place[:, axis]) for axis in (1, 2))
    aside = np.arange(width)[None, None, :] * dx - middle_x[:, None, None]
    behind = np.arange(height)[None, :, None] * dy - middle_y[:, None, None]
    near = (np.abs(aside) > FROM_MM) & (np.abs(aside) < TO_MM) & (behind > -FRONT_MM) & (behind < BACK_MM)
    bone = (grid.hu > ABOVE_HU) & body & near
    bone &= ~grid.opened(bone, THICK_MM)
    pieces, _ = ndimage.label(bone, np.ones((3, 3, 3)))
    found = []
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        voxels = np.argwhere(pieces[box] == number) + [part.start for part in box]
        out = voxels[:, 2] * dx - middle_x[voxels[:, 0]]
        away = np.abs(out)
        if len(voxels) * dx * dy * dz < LEAST_MM3 or away.min() > INNER_END_MM or away.max() < REACHES_MM:
            continue
        end = (voxels[away < away.min() + 4.0] * grid.sampling).mean(axis=0)
        above = FALL * max(0.0, float(away.min()) - HEAD_MM)
        found.append(Rib(height_mm=_height(canal, end) + above, is_right=bool(out.mean() < 0)))
    return tuple(sorted(found, key=lambda one: one.height_mm))


def _height(canal: Canal, place: NDArray[np.float64]) -> float:
    """Return where along the canal the plane square to it goes through a place."""
    off = np.abs(((place - canal.place) * canal.along).sum(axis=1))
    return float(off.argmin())

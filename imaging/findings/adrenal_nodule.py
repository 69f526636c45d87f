"""Is an adrenal gland thick at one place?

It misleads where the label takes in a vessel or the kidney; how dense it is, is told beside it.
"""

from collections.abc import Sequence

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import of_sides, of_spots
from imaging.signs import organ
from imaging.signs.spots import Spot

LEAST_MM = 13.0  # detection limit: where limbs join, a ball of up to 12 mm fits in (LIDC-IDRI-0001, slices of 2.5 mm)


def _thick(examined: Examined) -> Sequence[Spot] | Absent:
    seen = of_sides(examined, "adrenal_gland", organ.thickest)
    return seen if isinstance(seen, Absent) else [one for one in seen if one.sphere_mm >= LEAST_MM]


FINDER = of_spots(
    key="adrenal_nodule",
    looks_for="a part of an adrenal gland of 13 mm or more",
    method="largest ball in the labelled gland",
    sign=_thick,
    by_ml=False,
)

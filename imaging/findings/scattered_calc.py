"""Is there calcium in several places of the chest?

It misleads: stents, clips and dense contrast look alike; with contrast only the lungs are looked at.
"""

from collections.abc import Sequence

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import of_spots
from imaging.signs import bright
from imaging.signs.spots import Spot

LEAST_COUNT = 3  # three: fewer are told one by one


def _several(examined: Examined) -> Sequence[Spot] | Absent:
    seen = bright.calcium(examined.scene, examined.fitness.contrast != "none")
    return seen if isinstance(seen, Absent) or len(seen) >= LEAST_COUNT else ()


FINDER = of_spots(
    key="scattered_calc",
    looks_for="three or more pieces of calcium inside the ribs",
    method="above 180 HU on 2 mm, not joined to bone, three or more",
    sign=_several,
)

"""Is there calcium in the chest that is not bone?

It misleads: stents, clips and dense contrast look alike; with contrast only the lungs are looked at.
"""

from imaging.findings.base import of_spots
from imaging.signs import bright

FINDER = of_spots(
    key="calcification",
    looks_for="pieces as dense as calcium inside the ribs",
    method="above 180 HU on 2 mm, not joined to bone",
    sign=lambda examined: bright.calcium(examined.scene, examined.fitness.contrast != "none"),
)

"""Is there metal in the body?

It misleads: what kind of thing it is, is not told; contrast in a vein, teeth and things on the skin are as dense.
"""

from imaging.findings.base import of_spots
from imaging.signs import bright

FINDER = of_spots(
    key="medical_material",
    looks_for="pieces denser than bone",
    method="above 2000 HU on 2 mm",
    sign=lambda examined: bright.metal(examined.scene, examined.fitness.contrast == "enhanced"),
)

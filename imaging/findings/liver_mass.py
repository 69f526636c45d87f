"""Is part of the liver darker than the rest?

It misleads: cysts and unenhanced vessels of a dense liver are dark too; what is as dense as the liver is not seen.
"""

from imaging.findings.base import of_spots
from imaging.signs import organ

FINDER = of_spots(
    key="liver_mass",
    looks_for="dark parts well inside the liver, 10 mm or larger",
    method="25 HU below the liver and more, thicker than 10 mm",
    sign=lambda examined: organ.dark_parts(examined.scene, "liver"),
    by_ml=False,
)

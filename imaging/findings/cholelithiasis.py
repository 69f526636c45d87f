"""Does the gallbladder hold dense stones?

It misleads: stones without calcium are not seen; contrast in bile is dense.
"""

from imaging.findings.base import of_spots
from imaging.signs import organ

FINDER = of_spots(
    key="cholelithiasis",
    looks_for="pieces above 100 HU in the gallbladder",
    method="dense pieces inside the labelled gallbladder",
    sign=lambda examined: organ.stones(examined.scene, "gallbladder"),
    by_ml=False,
)

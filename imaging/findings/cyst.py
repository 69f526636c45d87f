"""Where is a round hole in the lung, with lung around it?

It misleads: a bulla and a wide bronchus cut across look alike.
"""

from imaging.findings.base import of_spots
from imaging.signs import lung

FINDER = of_spots(
    key="cyst",
    looks_for="round gas-filled holes in the lungs, 10 mm or larger",
    method="round pieces below -960 HU, up to 200 mL, without a thick wall",
    sign=lambda examined: lung.cysts(examined.scene),
)

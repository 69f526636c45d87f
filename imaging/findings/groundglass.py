"""Where is lung hazy, denser than it should be, with its vessels still seen?

It misleads where the breath was shallow, in lung that lies lowest, beside the diaphragm and with motion.
"""

from imaging.findings.base import of_spots
from imaging.signs import lung

FINDER = of_spots(
    key="groundglass",
    looks_for="hazy parts of the lungs, 6 mL or larger",
    method="blurred HU of -700 to -250, thicker than 8 mm",
    sign=lambda examined: lung.glass(examined.scene),
)

"""Where is lung so dense that its vessels are no longer seen?

It misleads: a mass is dense too, and a wholly dense lobe lies outside the lung that is drawn and is missed.
"""

from imaging.findings.base import of_spots
from imaging.signs import lung

FINDER = of_spots(
    key="consolidation",
    looks_for="dense parts of the lungs, 2 mL or larger",
    method="blurred HU of -150 to 200, thicker than 8 mm",
    sign=lambda examined: lung.dense(examined.scene),
)

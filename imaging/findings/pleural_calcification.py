"""Is there calcium on the outer side of a lung?

It misleads beside ribs, where partial volume joins both, and after talc.
"""

from imaging.findings.base import of_spots
from imaging.signs import pleura

FINDER = of_spots(
    key="pleural_calcification",
    looks_for="calcium within 12 mm of the lung on its outer side",
    method="above 250 HU on 2 mm, not joined to bone",
    sign=lambda examined: pleura.calcium(examined.scene),
)

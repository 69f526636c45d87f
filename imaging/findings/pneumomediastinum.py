"""Is there gas between the lungs outside airways and gullet?

It misleads: where the gullet is not labelled, gas in front of the spine is passed over.
"""

from imaging.findings.base import of_spots
from imaging.signs import mediastinum

FINDER = of_spots(
    key="pneumomediastinum",
    looks_for="gas between the lungs that belongs to neither airway nor gullet",
    method="below -500 HU on 2 mm, more than 5 mm off lungs and airways",
    sign=lambda examined: mediastinum.gas(examined.scene),
)

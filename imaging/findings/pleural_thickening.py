"""Is the layer between lung and ribs thick?

It misleads with fat under the pleura near its edge, the muscles between steep ribs, and lesions of a rib.
"""

from imaging.findings.base import of_spots
from imaging.signs import pleura

FINDER = of_spots(
    key="pleural_thickening",
    looks_for="soft tissue between lung and ribs thicker than 5 mm",
    method="soft tissue within 10 mm outside the lung on its outer side",
    sign=lambda examined: pleura.layer(examined.scene),
)

"""Is there gas without lung at the chest wall?

It misleads with a bulla at the wall, which looks alike.
"""

from imaging.findings.base import of_spots
from imaging.signs import pleura

FINDER = of_spots(
    key="pneumothorax",
    looks_for="gas without lung in it at the chest wall, 10 mL or more",
    method="blurred HU below -970 inside the ribs, reaching the wall",
    sign=lambda examined: pleura.free_gas(examined.scene),
)

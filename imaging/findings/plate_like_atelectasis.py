"""Where does a flat dense plate run through the lung?

It misleads: a thick fissure, scars and large vessels that lie side by side look alike.
"""

from imaging.findings.base import of_spots
from imaging.signs import lung

FINDER = of_spots(
    key="plate_like_atelectasis",
    looks_for="flat dense bands in the lungs",
    method="dense pieces at most 12 mm thick and at least 25 mm wide and long",
    sign=lambda examined: lung.plates(examined.scene),
)

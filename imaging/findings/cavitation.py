"""Where does dense tissue in the lung hold gas?

It misleads: a bronchus that runs through consolidated lung holds gas as well.
"""

from imaging.findings.base import of_spots
from imaging.signs import lung

FINDER = of_spots(
    key="cavitation",
    looks_for="gas that dense tissue encloses, 0.5 mL or larger",
    method="gas below -800 HU whose surroundings are dense over 70 %",
    sign=lambda examined: lung.cavities(examined.scene),
)

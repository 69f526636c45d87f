"""Is there fluid behind the lungs?

It misleads with thick diaphragm or a full stomach behind the lung; the volume told is what lies behind lung only.
"""

from imaging.findings.base import of_spots
from imaging.signs import pleura

FINDER = of_spots(
    key="pleural_effusion",
    looks_for="fluid inside the ribs behind a lung, 20 mL or more",
    method="blurred HU of -15 to 35 inside the ribs with lung in front, thicker than 6 mm",
    sign=lambda examined: pleura.fluid(examined.scene),
)

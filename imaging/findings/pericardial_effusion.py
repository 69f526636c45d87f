"""Is there fluid around the heart?

It misleads where the label of the heart takes in the fluid, and without ECG, where motion blurs a thin layer.
"""

from imaging.findings.base import of_spots
from imaging.signs import mediastinum

FINDER = of_spots(
    key="pericardial_effusion",
    looks_for="fluid within 15 mm around the heart, 25 mL or more",
    method="blurred HU of -15 to 35, thicker than 5 mm",
    sign=lambda examined: mediastinum.fluid_around_heart(examined.scene),
)

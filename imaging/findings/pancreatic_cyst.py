"""Does the pancreas hold something as dense as water?

It misleads: a wide duct cut short, and fat mixed with gland, are as dense as water; drawn data only.
"""

from imaging.findings.base import of_odd_parts

WATER_HU = (-10.0, 25.0)  # water with noise and partial volume

FINDER = of_odd_parts(
    key="pancreatic_cyst",
    looks_for="a part of the pancreas as dense as water",
    method="water-dense parts of 10 mm or more in the labelled gland",
    is_meant=lambda one: not one.is_duct and WATER_HU[0] <= one.mean_hu <= WATER_HU[1],
)

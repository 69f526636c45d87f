"""Is part of a kidney darker than the rest?

It misleads: simple cysts, the most common, and a wide renal pelvis are dark too.
"""

from imaging.findings.base import of_sides, of_spots
from imaging.signs import organ

FINDER = of_spots(
    key="renal_mass",
    looks_for="dark parts well inside a kidney, 10 mm or larger",
    method="25 HU below the kidney and more, thicker than 10 mm",
    sign=lambda examined: of_sides(examined, "kidney", organ.dark_parts),
    by_ml=False,
)

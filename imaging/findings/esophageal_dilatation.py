"""Is the gullet wide with gas?

It misleads right after swallowing air; fluid in a wide gullet is not seen.
"""

from imaging.findings.base import of_spots
from imaging.signs import mediastinum

FINDER = of_spots(
    key="esophageal_dilatation",
    looks_for="gas in the gullet 10 mm wide or more",
    method="a ball of 10 mm fits into the gas of the labelled gullet",
    sign=lambda examined: mediastinum.wide_gullet(examined.scene),
)

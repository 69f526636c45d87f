"""Where is lung almost nothing but gas?

It misleads where bronchi are not labelled, and with sharp kernels, whose noise is larger.
"""

from imaging.findings.base import of_spots
from imaging.signs import lung

FINDER = of_spots(
    key="lucency",
    looks_for="pieces of lung that are almost only gas, 0.5 mL or larger",
    method="blurred HU below -960, airways left out",
    sign=lambda examined: lung.lucent(examined.scene),
)

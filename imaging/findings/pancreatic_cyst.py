"""Does the pancreas hold something as dense as water?

It misleads: a wide duct cut short, and fat mixed with gland, are as dense as water; drawn data only.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, from_odd_parts
from imaging.gate import Use
from imaging.measure.pancreas import NO_LABEL, odd_parts

KEY = "pancreatic_cyst"
METHOD = "water-dense parts of 10 mm or more in the labelled gland"
WATER_HU = (-10.0, 25.0)  # water with noise and partial volume


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    mask = examined.labels.mask("pancreas")
    if isinstance(mask, Absent):
        return Absent(reason=NO_LABEL)
    if Use.PANCREAS in examined.fitness.unfit:
        return Absent(reason=examined.fitness.unfit[Use.PANCREAS])
    seen = odd_parts(examined.volume, mask)
    if isinstance(seen, Absent):
        return seen
    wet = [one for one in seen if not one.is_duct and WATER_HU[0] <= one.mean_hu <= WATER_HU[1]]
    return from_odd_parts(KEY, METHOD, wet)


FINDER = Finder(
    key=KEY,
    looks_for="a part of the pancreas as dense as water",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

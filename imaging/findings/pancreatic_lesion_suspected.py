"""Does part of the pancreas differ from the gland, or is its duct wide?

It misleads: a tumour as dense as the gland is not seen, and fat, vessels and bowel in the label are; drawn data only.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, from_odd_parts
from imaging.gate import Use
from imaging.measure.pancreas import NO_LABEL, odd_parts

KEY = "pancreatic_lesion_suspected"
METHOD = "parts that differ from the labelled gland by 20 HU or more"


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
    return from_odd_parts(KEY, METHOD, [one for one in seen if not one.is_duct or one.is_wide_duct])


FINDER = Finder(
    key=KEY,
    looks_for="a focal part of 10 mm or a duct of 3 mm in the pancreas",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

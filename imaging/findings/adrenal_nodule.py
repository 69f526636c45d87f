"""Is an adrenal gland thick at one place?

It misleads where the label takes in a vessel or the kidney; how dense it is, is told beside it.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import organ

KEY = "adrenal_nodule"
METHOD = "largest ball in the labelled gland"
LEAST_MM = 13.0  # detection limit: where limbs join, a ball of up to 12 mm fits in (LIDC-IDRI-0001, slices of 2.5 mm)


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    sides = [organ.thickest(examined.scene, f"adrenal_gland_{side}") for side in ("left", "right")]
    reasons = [side.reason for side in sides if isinstance(side, Absent)]
    if len(reasons) == len(sides):
        return Absent(reason=reasons[0])
    seen = [one for side in sides if not isinstance(side, Absent) for one in side]
    return as_findings(KEY, METHOD, [one for one in seen if one.sphere_mm >= LEAST_MM], by_ml=False)


FINDER = Finder(
    key=KEY,
    looks_for="a part of an adrenal gland of 13 mm or more",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

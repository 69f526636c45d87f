"""Is there calcium in several places of the chest?

It misleads: stents, clips and dense contrast look alike; with contrast only the lungs are looked at.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import bright

KEY = "scattered_calc"
METHOD = "above 180 HU on 2 mm, not joined to bone, three or more"
LEAST_COUNT = 3  # three: fewer are told one by one


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = bright.calcium(examined.scene, examined.fitness.contrast != "none")
    if isinstance(seen, Absent):
        return seen
    return as_findings(KEY, METHOD, seen) if len(seen) >= LEAST_COUNT else ()


FINDER = Finder(
    key=KEY,
    looks_for="three or more pieces of calcium inside the ribs",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

"""Is there calcium in the chest that is not bone?

It misleads: stents, clips and dense contrast look alike; with contrast only the lungs are looked at.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import bright

KEY = "calcification"
METHOD = "above 180 HU on 2 mm, not joined to bone"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = bright.calcium(examined.scene, examined.fitness.contrast != "none")
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="pieces as dense as calcium inside the ribs",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

"""Is there metal in the body?

It misleads: what kind of thing it is, is not told; contrast in a vein, teeth and things on the skin are as dense.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import bright

KEY = "medical_material"
METHOD = "above 2000 HU on 2 mm"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = bright.metal(examined.scene, examined.fitness.contrast == "enhanced")
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="pieces denser than bone",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

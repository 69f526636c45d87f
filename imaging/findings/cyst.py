"""Where is a round hole in the lung, with lung around it?

It misleads: a bulla and a wide bronchus cut across look alike.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import lung

KEY = "cyst"
METHOD = "round pieces below -960 HU, up to 200 mL, without a thick wall"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = lung.cysts(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="round gas-filled holes in the lungs, 10 mm or larger",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

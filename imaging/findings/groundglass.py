"""Where is lung hazy, denser than it should be, with its vessels still seen?

It misleads where the breath was shallow, in lung that lies lowest, beside the diaphragm and with motion.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import lung

KEY = "groundglass"
METHOD = "blurred HU of -700 to -250, thicker than 8 mm"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = lung.glass(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="hazy parts of the lungs, 6 mL or larger",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

"""Where is lung so dense that its vessels are no longer seen?

It misleads: a mass is dense too, and a wholly dense lobe lies outside the lung that is drawn and is missed.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import lung

KEY = "consolidation"
METHOD = "blurred HU of -150 to 200, thicker than 8 mm"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = lung.dense(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="dense parts of the lungs, 2 mL or larger",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

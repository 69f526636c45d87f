"""Is the layer between lung and ribs thick?

It misleads with fat under the pleura near its edge, the muscles between steep ribs, and lesions of a rib.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import pleura

KEY = "pleural_thickening"
METHOD = "soft tissue within 10 mm outside the lung on its outer side"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = pleura.layer(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="soft tissue between lung and ribs thicker than 5 mm",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

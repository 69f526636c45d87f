"""Where does a flat dense plate run through the lung?

It misleads: a thick fissure, scars and large vessels that lie side by side look alike.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import lung

KEY = "plate_like_atelectasis"
METHOD = "dense pieces at most 12 mm thick and at least 25 mm wide and long"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = lung.plates(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="flat dense bands in the lungs",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

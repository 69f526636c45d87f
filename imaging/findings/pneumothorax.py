"""Is there gas without lung at the chest wall?

It misleads with a bulla at the wall, which looks alike.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import pleura

KEY = "pneumothorax"
METHOD = "blurred HU below -970 inside the ribs, reaching the wall"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = pleura.free_gas(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="gas without lung in it at the chest wall, 10 mL or more",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

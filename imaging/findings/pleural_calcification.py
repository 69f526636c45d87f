"""Is there calcium on the outer side of a lung?

It misleads beside ribs, where partial volume joins both, and after talc.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import pleura

KEY = "pleural_calcification"
METHOD = "above 250 HU on 2 mm, not joined to bone"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = pleura.calcium(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="calcium within 12 mm of the lung on its outer side",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

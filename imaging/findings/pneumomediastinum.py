"""Is there gas between the lungs outside airways and gullet?

It misleads: where the gullet is not labelled, gas in front of the spine is passed over.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import mediastinum

KEY = "pneumomediastinum"
METHOD = "below -500 HU on 2 mm, more than 5 mm off lungs and airways"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = mediastinum.gas(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="gas between the lungs that belongs to neither airway nor gullet",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

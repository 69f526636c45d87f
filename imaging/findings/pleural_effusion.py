"""Is there fluid behind the lungs?

It misleads with thick diaphragm or a full stomach behind the lung; the volume told is what lies behind lung only.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import pleura

KEY = "pleural_effusion"
METHOD = "blurred HU of -15 to 35 inside the ribs with lung in front, thicker than 6 mm"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = pleura.fluid(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="fluid inside the ribs behind a lung, 20 mL or more",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

"""Is there fluid around the heart?

It misleads where the label of the heart takes in the fluid, and without ECG, where motion blurs a thin layer.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import mediastinum

KEY = "pericardial_effusion"
METHOD = "blurred HU of -15 to 35, thicker than 5 mm"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = mediastinum.fluid_around_heart(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="fluid within 15 mm around the heart, 25 mL or more",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

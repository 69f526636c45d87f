"""Is part of a kidney darker than the rest?

It misleads: simple cysts, the most common, and a wide renal pelvis are dark too.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import organ

KEY = "renal_mass"
METHOD = "25 HU below the kidney and more, thicker than 10 mm"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    sides = [organ.dark_parts(examined.scene, f"kidney_{side}") for side in ("left", "right")]
    seen = [one for side in sides if not isinstance(side, Absent) for one in side]
    reasons = [side.reason for side in sides if isinstance(side, Absent)]
    if len(reasons) == len(sides):
        return Absent(reason=reasons[0])
    return as_findings(KEY, METHOD, seen, by_ml=False)


FINDER = Finder(
    key=KEY,
    looks_for="dark parts well inside a kidney, 10 mm or larger",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

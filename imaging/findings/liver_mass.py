"""Is part of the liver darker than the rest?

It misleads: cysts and unenhanced vessels of a dense liver are dark too; what is as dense as the liver is not seen.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import organ

KEY = "liver_mass"
METHOD = "25 HU below the liver and more, thicker than 10 mm"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = organ.dark_parts(examined.scene, "liver")
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen, by_ml=False)


FINDER = Finder(
    key=KEY,
    looks_for="dark parts well inside the liver, 10 mm or larger",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

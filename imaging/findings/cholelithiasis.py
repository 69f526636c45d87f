"""Does the gallbladder hold dense stones?

It misleads: stones without calcium are not seen; contrast in bile is dense.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import organ

KEY = "cholelithiasis"
METHOD = "dense pieces inside the labelled gallbladder"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = organ.stones(examined.scene, "gallbladder")
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen, by_ml=False)


FINDER = Finder(
    key=KEY,
    looks_for="pieces above 100 HU in the gallbladder",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

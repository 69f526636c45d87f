"""Is the gullet wide with gas?

It misleads right after swallowing air; fluid in a wide gullet is not seen.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import mediastinum

KEY = "esophageal_dilatation"
METHOD = "a ball of 10 mm fits into the gas of the labelled gullet"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = mediastinum.wide_gullet(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="gas in the gullet 10 mm wide or more",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

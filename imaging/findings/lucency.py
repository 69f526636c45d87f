"""Where is lung almost nothing but gas?

It misleads where bronchi are not labelled, and with sharp kernels, whose noise is larger.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import lung

KEY = "lucency"
METHOD = "blurred HU below -960, airways left out"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = lung.lucent(examined.scene)
    return seen if isinstance(seen, Absent) else as_findings(KEY, METHOD, seen)


FINDER = Finder(
    key=KEY,
    looks_for="pieces of lung that are almost only gas, 0.5 mL or larger",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

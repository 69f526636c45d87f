"""Is lung denser than it should be, hazy or wholly?

It misleads as its two parts do: shallow breath, motion, and lung that is wholly dense and not drawn as lung.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, as_findings
from imaging.signs import lung

KEY = "opacity"
METHOD = "ground-glass or dense parts of the lungs"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    parts = (lung.glass(examined.scene), lung.dense(examined.scene))
    for part in parts:
        if isinstance(part, Absent):
            return part
    return as_findings(KEY, METHOD, [one for part in parts if not isinstance(part, Absent) for one in part])


FINDER = Finder(
    key=KEY,
    looks_for="hazy or dense parts of the lungs",
    method=METHOD,
    find=find,
    source="own method and limits, docs/imaging.md",
    reviewed="2026-11",
)

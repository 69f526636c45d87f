"""Are there several lumps in the lungs?

It misleads as screening does: vessels, scars and the hilum are outlined too, and most lumps under 6 mm are missed.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, from_lumps

KEY = "scattered_nod"
METHOD = "flagged places outlined at half height"
LEAST_MM, MOST_MM, LEAST_COUNT = 3.0, 30.0, 3  # three: fewer are told one by one as nodules


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = examined.lumps
    if isinstance(seen, Absent):
        return seen
    small = [one for one in seen if LEAST_MM <= one.sphere_mm <= MOST_MM]
    return from_lumps(KEY, METHOD, small) if len(small) >= LEAST_COUNT else ()


FINDER = Finder(
    key=KEY,
    looks_for="three or more lumps in the lungs of 3 to 30 mm",
    method=METHOD,
    find=find,
    source="words: Hansell 2008, doi:10.1148/radiol.2462070712; method: own",
    reviewed="2026-11",
)

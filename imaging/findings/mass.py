"""Are there lumps in the lungs of more than 3 cm?

It misleads as screening does: vessels, scars and the hilum are outlined too, and most lumps under 6 mm are missed.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding, from_lumps

KEY = "mass"
METHOD = "flagged places outlined at half height"
OVER_MM = 30.0  # Hansell 2008: more than 3 cm is a mass


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return what is seen, the largest first; Absent when it could not be looked for."""
    seen = examined.lumps
    if isinstance(seen, Absent):
        return seen
    return from_lumps(KEY, METHOD, [one for one in seen if one.sphere_mm > OVER_MM])


FINDER = Finder(
    key=KEY,
    looks_for="lumps in the lungs of more than 30 mm",
    method=METHOD,
    find=find,
    source="words: Hansell 2008, doi:10.1148/radiol.2462070712; method: own",
    reviewed="2026-11",
)

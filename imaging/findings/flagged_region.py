"""Flagged regions: which places in the lungs should a reader look at first?

A flagged region is a place that looks like a lump, by a learned score. It is no diagnosis: vessels that branch, scars
and the hilum are flagged too, and ground-glass and nodules under 6 mm are often missed.
"""

from imaging.absent import Absent
from imaging.examine import Examined
from imaging.findings.base import Finder, Finding
from imaging.study import Screening

KEY = "flagged_region"
METHOD = "block screening, four features and shape, learned, version 2"


def find(examined: Examined) -> tuple[Finding, ...] | Absent:
    """Return the regions of the screening as findings, best first; Absent when nothing could be screened."""
    return found_in(examined.screening)


def found_in(screening: Screening) -> tuple[Finding, ...] | Absent:
    """Return the same from a screening alone: what is known within seconds, before organs are drawn."""
    if screening.blocks == 0:
        return Absent(reason="; ".join(screening.warnings) or "nothing was screened")
    return tuple(
        Finding(
            key=KEY,
            rank=region.rank,
            score=region.score,
            centre_lps_mm=region.centre_lps_mm,
            box_lps_mm=region.box_lps_mm,
            features=region.features,
            method=METHOD,
        )
        for region in screening.regions
    )


FINDER = Finder(
    key=KEY,
    looks_for="places in the lungs that look like a lump",
    method=METHOD,
    find=find,
)

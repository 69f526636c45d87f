"""The list of what is found in a CT, in display order."""

from imaging.findings.base import Finder
from imaging.findings.flagged_region import FINDER as FLAGGED_REGION

FINDINGS: tuple[Finder, ...] = (FLAGGED_REGION,)

"""Which parts of a labelled pancreas differ from the gland? Worked out once for the findings that rest on it."""

from imaging.absent import Absent
from imaging.measure.pancreas import NO_LABEL, Odd, odd_parts
from imaging.signs.scene import Scene, once


@once
def parts(here: Scene) -> tuple[Odd, ...] | Absent:
    """Return the parts that differ from the gland, ducts among them, the largest first."""
    mask = here.labels.mask("pancreas")
    return Absent(reason=NO_LABEL) if isinstance(mask, Absent) else odd_parts(here.volume, mask)

"""The list of what is measured in a CT, in display order."""

from imaging.measure.base import Measure
from imaging.measure.calcium import MEASURE as CALCIUM
from imaging.measure.lungs import MEASURE as LUNGS

MEASURES: tuple[Measure, ...] = (
    LUNGS,
    CALCIUM,
)

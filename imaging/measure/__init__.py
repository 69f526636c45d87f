"""The list of what is measured in a CT, in display order."""

from imaging.measure.base import Measure

MEASURES: tuple[Measure, ...] = ()

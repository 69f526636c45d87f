"""The list of what is measured in a CT, in display order."""

from imaging.measure.aorta import MEASURE as AORTA
from imaging.measure.base import Measure
from imaging.measure.body_composition import MEASURE as BODY_COMPOSITION
from imaging.measure.calcium import MEASURE as CALCIUM
from imaging.measure.heart import MEASURE as HEART
from imaging.measure.kidney import MEASURE as KIDNEY
from imaging.measure.liver_spleen import MEASURE as LIVER_SPLEEN
from imaging.measure.lungs import MEASURE as LUNGS
from imaging.measure.nodule import MEASURE as NODULE
from imaging.measure.pancreas import MEASURE as PANCREAS
from imaging.measure.vertebra import MEASURE as VERTEBRA

MEASURES: tuple[Measure, ...] = (
    LUNGS,
    NODULE,
    CALCIUM,
    AORTA,
    LIVER_SPLEEN,
    PANCREAS,
    KIDNEY,
    HEART,
    VERTEBRA,
    BODY_COMPOSITION,
)

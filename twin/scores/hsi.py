"""Hepatic steatosis index: how likely is a fatty liver, from ALT, AST, BMI, sex and diabetes."""

from collections.abc import Mapping

from twin.scores.base import Array, Given, Score
from twin.scores.inputs import ADULT_AGE, body_mass_index, female, has, measured, positive


def hsi(ast: Array, alt: Array, bmi: Array, female: Array, dm: Array) -> Array:
    """Return the index (dimensionless); AST and ALT in U/L. From Korean adults."""
    return 8 * (alt / ast) + bmi + 2 * female + 2 * dm


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands: below 30 low, above 36 high."""
    value = outputs["value"]
    return "low" if value < 30 else "high" if value > 36 else "indeterminate"


SCORE = Score(
    key="hsi",
    inputs=(
        positive("ast", "ast", "U/L"),
        measured("alt", "alt", "U/L"),
        body_mass_index(),
        female(),
        has("dm", "diabetes"),
    ),
    formula=hsi,
    category=_category,
    source="Lee JH; Dig Liver Dis 2010;42:503",
    reviewed="2026-11",
    verification="single_source",
    # House choice, no source: enzymes and weight change in pregnancy, and the score is of the own liver.
    excludes=("pregnancy", "liver_transplant"),
    min_age=ADULT_AGE,
)

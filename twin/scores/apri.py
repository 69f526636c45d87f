"""APRI: how likely is significant liver fibrosis, from AST and platelets."""

from collections.abc import Mapping

from twin.scores.base import Array, Given, Score
from twin.scores.inputs import ADULT_AGE, measured, positive, upper_limit


def apri(ast: Array, ast_uln: Array, platelets: Array) -> Array:
    """Return the AST-to-platelet ratio index (dimensionless).

    Depends on the laboratory's upper limit of normal: 40 U/L is assumed, and shown, where it is not given.
    """
    return (ast / ast_uln) * 100 / platelets


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands for significant fibrosis: low up to 0.5, high above 1.5 (Wai 2003)."""
    value = outputs["value"]
    return "low" if value <= 0.5 else "high" if value > 1.5 else "indeterminate"


SCORE = Score(
    key="apri",
    inputs=(
        measured("ast", "ast", "U/L"),
        upper_limit("ast_uln", "ast", default=40.0),
        positive("platelets", "platelets", "10*9/L"),
    ),
    formula=apri,
    category=_category,
    source="Wai CT; Hepatology 2003;38:518",
    reviewed="2026-11",
    verification="verified",
    # House choice, no source: platelets and enzymes change in pregnancy, and the score is of the own liver.
    excludes=("pregnancy", "liver_transplant"),
    min_age=ADULT_AGE,
)

"""FIB-4: how likely is advanced liver fibrosis, from age and three routine bloods."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Score, completed_years
from twin.scores.inputs import ADULT, age, measured, positive


def fib4(age: Array, ast: Array, alt: Array, platelets: Array) -> Array:
    """Return the FIB-4 index (dimensionless); higher means more fibrosis.

    Rises with age alone, so it overcalls above 65 and is unproven below 35.
    """
    return age * ast / (platelets * np.sqrt(alt))


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands: low below 1.30 (2.0 from 65 on: McPherson 2017), high above 2.67 (Sterling, NAFLD)."""
    low = 1.30 if given["age"] < 65 else 2.0
    value = outputs["value"]
    return "low" if value < low else "high" if value > 2.67 else "indeterminate"


SCORE = Score(
    key="fib4",
    inputs=(
        age(population=ADULT, validated=completed_years(35)),
        measured("ast", "ast", "U/L"),
        positive("alt", "alt", "U/L"),
        positive("platelets", "platelets", "10*9/L"),
    ),
    formula=fib4,
    category=_category,
    source="Sterling RK; Hepatology 2006;43:1317; doi:10.1002/hep.21178",
    reviewed="2026-11",
    verification="verified",
    # House choice, no source: platelets and enzymes change in pregnancy, and the score is of the own liver.
    excludes=("pregnancy", "liver_transplant"),
)

"""PAGE-B: how likely is liver cancer in treated hepatitis B, from age, sex and platelets."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Output, Score, completed_years
from twin.scores.inputs import HEPATITIS_B, age, male, measured

AGE_16 = completed_years(16)


def page_b(age: Array, male: Array, platelets: Array) -> Array:
    """Return the points (0-25); platelets in 10^9/L. From Europeans on entecavir or tenofovir."""
    years = np.select([age < 30, age < 40, age < 50, age < 60, age < 70], [0.0, 2.0, 4.0, 6.0, 8.0], 10.0)
    return years + 6 * male + np.select([platelets >= 200, platelets >= 100], [0.0, 6.0], 9.0)


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands: up to 9 low, 10-17 medium, from 18 high."""
    points = outputs["points"]
    return "low" if points <= 9 else "medium" if points <= 17 else "high"


SCORE = Score(
    key="page_b",
    inputs=(age(population=AGE_16), male(), measured("platelets", "platelets", "10*9/L")),
    formula=page_b,
    outputs=(Output(key="points", whole=True),),
    category=_category,
    source="Papatheodoridis G; J Hepatol 2016;64:800; table as reprinted in two reviews",
    reviewed="2026-11",
    verification="single_source",
    excludes=("pregnancy", "liver_transplant", "hcc"),
    needs=HEPATITIS_B,
)

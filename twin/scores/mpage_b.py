"""Modified PAGE-B: how likely is liver cancer in treated hepatitis B in Asia, with albumin."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Output, Score, completed_years
from twin.scores.inputs import HEPATITIS_B, age, male, measured

AGE_16 = completed_years(16)


def mpage_b(age: Array, male: Array, platelets: Array, albumin_gl: Array) -> Array:
    """Return the points (0-21); platelets in 10^9/L, albumin in g/L. From Koreans on entecavir or tenofovir."""
    years = np.select([age < 30, age < 40, age < 50, age < 60, age < 70], [0.0, 3.0, 5.0, 7.0, 9.0], 11.0)
    counts = [platelets >= 250, platelets >= 200, platelets >= 150, platelets >= 100]
    protein = [albumin_gl >= 40, albumin_gl >= 35, albumin_gl >= 30]
    return years + 2 * male + np.select(counts, [0.0, 2.0, 3.0, 4.0], 5.0) + np.select(protein, [0.0, 1.0, 2.0], 3.0)


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands: up to 8 low, 9-12 intermediate, from 13 high."""
    points = outputs["points"]
    return "low" if points <= 8 else "intermediate" if points <= 12 else "high"


SCORE = Score(
    key="mpage_b",
    inputs=(
        age(population=AGE_16),
        male(),
        measured("platelets", "platelets", "10*9/L"),
        measured("albumin_gl", "albumin", "g/L"),
    ),
    formula=mpage_b,
    outputs=(Output(key="points", whole=True),),
    category=_category,
    source="Kim JH; J Hepatol 2018;69:1066; table as reprinted in a review",
    reviewed="2026-11",
    verification="single_source",
    excludes=("pregnancy", "liver_transplant", "hcc"),
    needs=HEPATITIS_B,
)

"""aMAP: how likely is liver cancer in chronic hepatitis, from age, sex, albumin, bilirubin and platelets."""

from collections.abc import Mapping

from twin.scores.albi import albi
from twin.scores.base import Array, Given, Score
from twin.scores.inputs import ADULT, age, male, measured, positive


def amap(age: Array, male: Array, albumin_gl: Array, bilirubin_umol: Array, platelets: Array) -> Array:
    """Return the score (about 0-100); albumin in g/L, bilirubin in umol/L, platelets in 10^9/L.

    Cut-offs and rates were compared with the paper; the coefficients stand in one source only.
    """
    linear = 0.06 * age + 0.89 * male + 0.48 * albi(albumin_gl, bilirubin_umol)["score"] - 0.01 * platelets
    return (linear + 7.4) / 14.77 * 100


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands: below 50 low, 50 to 60 medium, from 60 high."""
    value = outputs["value"]
    return "low" if value < 50 else "medium" if value < 60 else "high"


SCORE = Score(
    key="amap",
    inputs=(
        age(population=ADULT),
        male(),
        measured("albumin_gl", "albumin", "g/L"),
        positive("bilirubin_umol", "bilirubin_total", "umol/L"),
        measured("platelets", "platelets", "10*9/L"),
    ),
    formula=amap,
    category=_category,
    source="Fan R; J Hepatol 2020;73:1368; doi:10.1016/j.jhep.2020.07.025",
    reviewed="2026-11",
    verification="single_source",
    excludes=("pregnancy", "liver_transplant", "hcc"),
)

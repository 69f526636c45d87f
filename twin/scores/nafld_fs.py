"""NAFLD fibrosis score: how likely is advanced fibrosis in a fatty liver, from age, BMI, diabetes and bloods."""

from collections.abc import Mapping

from twin.scores.base import Array, Given, Score, completed_years
from twin.scores.inputs import ADULT, age, body_mass_index, has, measured, positive


def nafld_fs(
    age: Array, bmi: Array, dm_or_ifg: Array, ast: Array, alt: Array, platelets: Array, albumin_gdl: Array
) -> Array:
    """Return the score (dimensionless); albumin in g/dL, platelets in 10^9/L.

    Rises with age alone, as FIB-4 does; high in obesity and diabetes whatever the liver.
    """
    return (
        -1.675
        + 0.037 * age
        + 0.094 * bmi
        + 1.13 * dm_or_ifg
        + 0.99 * (ast / alt)
        - 0.013 * platelets
        - 0.66 * albumin_gdl
    )


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands: low below -1.455 (0.12 from 65 on: McPherson 2017), high above 0.676."""
    low = -1.455 if given["age"] < 65 else 0.12
    value = outputs["value"]
    return "low" if value < low else "high" if value > 0.676 else "indeterminate"


SCORE = Score(
    key="nafld_fs",
    inputs=(
        age(population=ADULT, validated=completed_years(35)),
        body_mass_index(),
        has("dm_or_ifg", "diabetes", "prediabetes"),
        measured("ast", "ast", "U/L"),
        positive("alt", "alt", "U/L"),
        measured("platelets", "platelets", "10*9/L"),
        measured("albumin_gdl", "albumin", "g/dL"),
    ),
    formula=nafld_fs,
    category=_category,
    source="Angulo P; Hepatology 2007;45:846; doi:10.1002/hep.21496",
    reviewed="2026-11",
    verification="verified",
    # House choice, no source: albumin, platelets and weight change in pregnancy, and the score is of the own liver.
    excludes=("pregnancy", "liver_transplant"),
)

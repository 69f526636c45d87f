"""Fatty liver index: how likely is a fatty liver, from triglycerides, BMI, GGT and waist."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Score
from twin.scores.inputs import ADULT_AGE, body_mass_index, measured, positive


def fli(tg_mgdl: Array, bmi: Array, ggt: Array, waist_cm: Array) -> Array:
    """Return the index (0-100); triglycerides in mg/dL, GGT in U/L, waist in cm. From an Italian town."""
    y = 0.953 * np.log(tg_mgdl) + 0.139 * bmi + 0.718 * np.log(ggt) + 0.053 * waist_cm - 15.745
    return 100 / (1 + np.exp(-y))


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands: below 30 low, from 60 high."""
    value = outputs["value"]
    return "low" if value < 30 else "high" if value >= 60 else "indeterminate"


SCORE = Score(
    key="fli",
    inputs=(
        positive("tg_mgdl", "triglycerides", "mg/dL"),
        body_mass_index(),
        positive("ggt", "ggt", "U/L"),
        measured("waist_cm", "waist", "cm"),
    ),
    formula=fli,
    category=_category,
    source="Bedogni G; BMC Gastroenterol 2006;6:33; doi:10.1186/1471-230X-6-33",
    reviewed="2026-11",
    verification="verified",
    # House choice, no source: triglycerides and weight change in pregnancy, and the score is of the own liver.
    excludes=("pregnancy", "liver_transplant"),
    min_age=ADULT_AGE,
)

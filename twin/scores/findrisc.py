"""FINDRISC: how likely is type 2 diabetes within 10 years, from eight questions and no blood test."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Input, Output, Score, completed_years
from twin.scores.inputs import ADULT, age, body_mass_index, has, measured, sex

_FAMILY: dict[object, float | str] = {"none": 0.0, "second_degree": 3.0, "first_degree": 5.0}  # points


def findrisc(
    age: Array,
    bmi: Array,
    sex: Array,
    waist_cm: Array,
    active30min: Array,
    daily_veg: Array,
    bp_meds: Array,
    high_glucose_hist: Array,
    family: Array,
) -> Array:
    """Return the points (0-26); sex 1 = male, `family` as points. The group from 65 on is of the extended form."""
    years = np.select([age < 45, age < 55, age < 65], [0.0, 2.0, 3.0], 4.0)
    weight = np.select([bmi < 25, bmi <= 30], [0.0, 1.0], 3.0)
    narrow, wide = np.where(sex > 0.5, 94, 80), np.where(sex > 0.5, 102, 88)
    waist = np.select([waist_cm < narrow, waist_cm <= wide], [0.0, 3.0], 4.0)
    habits = 2 * (1 - active30min) + (1 - daily_veg)
    return years + weight + waist + habits + 2 * bp_meds + 5 * high_glucose_hist + family


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands and their 10-year risk of 1, 4, 17, 33 and 50 %."""
    bounds = ((7, "low"), (12, "slightly elevated"), (15, "moderate"), (21, "high"))
    return next((name for high, name in bounds if outputs["points"] < high), "very high")


SCORE = Score(
    key="findrisc",
    inputs=(
        age(population=ADULT, validated=completed_years(35, 64)),
        body_mass_index(),
        sex(),
        measured("waist_cm", "waist", "cm"),
        has("active30min"),
        has("daily_veg"),
        has("bp_meds", "antihypertensive"),
        has("high_glucose_hist", "prediabetes", "gestational_diabetes"),
        Input(key="family", kind="choice", choices=_FAMILY),
    ),
    formula=findrisc,
    outputs=(Output(key="points", whole=True),),
    category=_category,
    source="Lindstrom J; Diabetes Care 2003;26:725",
    reviewed="2026-11",
    verification="verified",
    excludes=("diabetes", "pregnancy"),
)

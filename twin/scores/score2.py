"""SCORE2: how likely are heart attack, stroke or cardiovascular death within 10 years (Europe, 40 to 69 years)."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Input, Output, Score, Where, completed_years
from twin.scores.coefficients import coefficients
from twin.scores.inputs import age, measured, sex, smokes

REGIONS: dict[object, float | str] = {"low": 0.0, "moderate": 1.0, "high": 2.0, "very_high": 3.0}


def score2(sex: Array, region: Array, age: Array, smoking: Array, sbp: Array, tc: Array, hdl: Array) -> Array:
    """Return the risk as a fraction; sex 1 = male, cholesterol in mmol/L, risk region of the country 0-3.

    It has no term for diabetes, and is not for people with cardiovascular disease.
    """
    men, women = (coefficients("score2")["coefficients"][each] for each in ("male", "female"))

    def c(name: str) -> Array:
        return np.where(sex > 0.5, men[name], women[name])

    years, pressure, total_c, hdl_c = (age - 60) / 5, (sbp - 120) / 20, tc - 6, (hdl - 1.3) / 0.5
    total = (
        c("age") * years
        + (c("smoking") + c("age_smoking") * years) * smoking
        + (c("sbp") + c("age_sbp") * years) * pressure
        + (c("tc") + c("age_tc") * years) * total_c
        + (c("hdl") + c("age_hdl") * years) * hdl_c
    )
    return recalibrated(np.power(c("s0"), np.exp(total)), sex, region, coefficients("score2")["scale"])


def recalibrated(
    survival: Array, sex: Array, region: Array, scale: Mapping[str, Mapping[str, tuple[float, float]]]
) -> Array:
    """Return the risk in a risk region from survival without events before recalibration."""

    def of(place: int) -> Array:
        by_region = [np.where(sex > 0.5, scale[str(name)]["male"][place], scale[str(name)]["female"][place])
                     for name in REGIONS]  # fmt: skip
        return np.select([region == number for number in range(len(REGIONS))], by_region, np.nan)

    return 1 - np.exp(-np.exp(of(0) + of(1) * np.log(-np.log(survival))))


def region() -> Input:
    """Return the ESC's risk region of the country."""
    return Input(key="region", kind="choice", choices=REGIONS, find=(Where(kind="site", key="score2_region"),))


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The guideline's bands: below 50 years 2.5 and 7.5 %, from 50 on 5 and 10 %."""
    moderate, high = (0.025, 0.075) if given["age"] < 50 else (0.05, 0.10)
    risk = outputs["risk"]
    return "low to moderate" if risk < moderate else "high" if risk < high else "very high"


SCORE = Score(
    key="score2",
    inputs=(
        sex(),
        region(),
        age(population=completed_years(40, 69)),
        smokes(),
        measured("sbp", "sbp", "mm[Hg]"),
        measured("tc", "total_cholesterol", "mmol/L"),
        measured("hdl", "hdl_c", "mmol/L"),
    ),
    formula=score2,
    outputs=(Output(key="risk"),),
    category=_category,
    source="SCORE2 working group; Eur Heart J 2021;42:2439; doi:10.1093/eurheartj/ehab309",
    reviewed="2026-11",
    verification="verified",
    # pregnancy: house choice, no source: blood pressure and lipids change in pregnancy.
    excludes=("ascvd", "pregnancy"),
    confounders={"diabetes": "SCORE2 has no term for diabetes: it understates."},
)

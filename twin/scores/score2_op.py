"""SCORE2-OP: how likely are heart attack, stroke or cardiovascular death within 10 years (Europe, 70 to 89 years)."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Output, Score, completed_years
from twin.scores.coefficients import coefficients
from twin.scores.inputs import age, has, measured, sex, smokes
from twin.scores.score2 import recalibrated, region


def score2_op(
    sex: Array, region: Array, age: Array, smoking: Array, sbp: Array, tc: Array, hdl: Array, dm: Array
) -> Array:
    """Return the risk as a fraction; sex 1 = male, cholesterol in mmol/L, risk region of the country 0-3."""
    men, women = (coefficients("score2_op")["coefficients"][each] for each in ("male", "female"))

    def c(name: str) -> Array:
        return np.where(sex > 0.5, men[name], women[name])

    years, pressure, total_c, hdl_c = age - 73, sbp - 150, tc - 6, hdl - 1.4
    total = (
        c("age") * years
        + (c("dm") + c("age_dm") * years) * dm
        + (c("smoking") + c("age_smoking") * years) * smoking
        + (c("sbp") + c("age_sbp") * years) * pressure
        + (c("tc") + c("age_tc") * years) * total_c
        + (c("hdl") + c("age_hdl") * years) * hdl_c
    )
    survival = np.power(c("s0"), np.exp(total - c("centre")))
    return recalibrated(survival, sex, region, coefficients("score2_op")["scale"])


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The guideline's bands from 70 years on: 7.5 and 15 %."""
    risk = outputs["risk"]
    return "low to moderate" if risk < 0.075 else "high" if risk < 0.15 else "very high"


SCORE = Score(
    key="score2_op",
    inputs=(
        sex(),
        region(),
        age(population=completed_years(70, 89)),
        smokes(),
        measured("sbp", "sbp", "mm[Hg]"),
        measured("tc", "total_cholesterol", "mmol/L"),
        measured("hdl", "hdl_c", "mmol/L"),
        has("dm", "diabetes"),
    ),
    formula=score2_op,
    outputs=(Output(key="risk"),),
    category=_category,
    source="SCORE2-OP working group; Eur Heart J 2021;42:2455; doi:10.1093/eurheartj/ehab312",
    reviewed="2026-11",
    verification="verified",
    # pregnancy: house choice, no source: blood pressure and lipids change in pregnancy.
    excludes=("ascvd", "pregnancy"),
)

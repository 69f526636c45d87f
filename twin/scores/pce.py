"""Pooled Cohort Equations: how likely are heart attack, stroke or coronary death within 10 years (USA, 2013)."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Input, Output, Range, Score, completed_years
from twin.scores.coefficients import coefficients
from twin.scores.inputs import age, has, positive, sex, smokes


def pce(
    race: Array,
    sex: Array,
    age: Array,
    total_c: Array,
    hdl_c: Array,
    sbp: Array,
    bp_tx: Array,
    smoking: Array,
    dm: Array,
) -> Array:
    """Return the risk as a fraction; sex 1 = male, race 1 = black, cholesterol in mg/dL.

    The three-decimal coefficients as printed. Written for black and white Americans: it overstates in Chinese people.
    """
    table = coefficients("pce")

    def c(name: str) -> Array:
        men = np.where(race > 0.5, table["black_male"][name], table["white_male"][name])
        women = np.where(race > 0.5, table["black_female"][name], table["white_female"][name])
        return np.where(sex > 0.5, men, women)

    ln_age, ln_sbp = np.log(age), np.log(sbp)
    treated = c("ln_treated_sbp") + c("ln_age_ln_treated_sbp") * ln_age
    untreated = c("ln_untreated_sbp") + c("ln_age_ln_untreated_sbp") * ln_age
    total = (
        c("ln_age") * ln_age
        + c("ln_age_sq") * ln_age * ln_age
        + (c("ln_tc") + c("ln_age_ln_tc") * ln_age) * np.log(total_c)
        + (c("ln_hdl") + c("ln_age_ln_hdl") * ln_age) * np.log(hdl_c)
        + np.where(bp_tx > 0.5, treated, untreated) * ln_sbp
        + (c("smoker") + c("ln_age_smoker") * ln_age) * smoking
        + c("diabetes") * dm
    )
    return 1 - np.power(c("s0"), np.exp(total - c("mean")))


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The guideline's bands: below 5 % low, below 7.5 % borderline, below 20 % intermediate, else high."""
    bounds = ((0.05, "low"), (0.075, "borderline"), (0.20, "intermediate"))
    return next((name for high, name in bounds if outputs["risk"] < high), "high")


SCORE = Score(
    key="pce",
    inputs=(
        Input(
            key="race",
            kind="choice",
            choices={"white": 0.0, "black": 1.0},
            undefined=("asian", "chinese", "hispanic", "other", "pacific_islander"),
        ),
        sex(),
        age(population=completed_years(40, 79)),
        positive("total_c", "total_cholesterol", "mg/dL", validated=Range(low=130, high=320)),
        positive("hdl_c", "hdl_c", "mg/dL", validated=Range(low=20, high=100)),
        positive("sbp", "sbp", "mm[Hg]", validated=Range(low=90, high=200)),
        has("bp_tx", "antihypertensive"),
        smokes(),
        has("dm", "diabetes"),
    ),
    formula=pce,
    outputs=(Output(key="risk"),),
    category=_category,
    source="Goff DC; Circulation 2014;129(S2):S49; doi:10.1161/01.cir.0000437741.48606.98",
    reviewed="2026-11",
    verification="verified",
    # pregnancy: house choice, no source: blood pressure and lipids change in pregnancy.
    excludes=("ascvd", "pregnancy"),
)

"""China-PAR: how likely is a first heart attack or stroke within 10 years, for adults in China."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Input, Output, Score, Where, completed_years
from twin.scores.coefficients import coefficients
from twin.scores.inputs import age, has, positive, sex, smokes


def china_par(
    sex: Array,
    age: Array,
    sbp: Array,
    bp_tx: Array,
    total_c_mgdl: Array,
    hdl_c_mgdl: Array,
    waist_cm: Array,
    smoking: Array,
    dm: Array,
    north: Array,
    urban: Array,
    family_history: Array,
) -> Array:
    """Return the 10-year risk of atherosclerotic cardiovascular disease in percent; sex 1 = male.

    The printed two-decimal coefficients do not give the official calculator's numbers; the ones used are reconstructed
    inside the printed rounding (formulas.md). Women: no urban, family or smoking-by-age term.
    """
    men, women = coefficients("china_par")["male"], coefficients("china_par")["female"]

    def c(name: str) -> Array:
        return np.where(sex > 0.5, men[name], women[name])

    ln_age, ln_sbp = np.log(age), np.log(sbp)
    pressure = np.where(bp_tx > 0.5, c("ts") + c("ats") * ln_age, c("us") + c("aus") * ln_age) * ln_sbp
    total = (
        c("a") * ln_age
        + pressure
        + c("tc") * np.log(total_c_mgdl)
        + c("h") * np.log(hdl_c_mgdl)
        + c("w") * np.log(waist_cm)
        + (c("sm") + c("asm") * ln_age) * smoking
        + c("dm") * dm
        + c("n") * north
        + c("u") * urban
        + (c("f") + c("af") * ln_age) * family_history
    )
    return 100 * (1 - np.power(c("s0"), np.exp(total - c("mean"))))


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The classes of the 2019 Chinese guideline: below 5 low, 5 to below 10 medium, from 10 high."""
    risk = outputs["risk_percent"]
    return "low" if risk < 5 else "medium" if risk < 10 else "high"


SCORE = Score(
    key="china_par",
    inputs=(
        sex(),
        age(population=completed_years(20, 85), validated=completed_years(35, 74)),
        positive("sbp", "sbp", "mm[Hg]"),
        has("bp_tx", "antihypertensive"),
        positive("total_c_mgdl", "total_cholesterol", "mg/dL"),
        positive("hdl_c_mgdl", "hdl_c", "mg/dL"),
        positive("waist_cm", "waist", "cm"),
        smokes(),
        has("dm", "diabetes"),
        Input(key="north", kind="yes_no", find=(Where(kind="site", key="north"),)),
        Input(key="urban", kind="yes_no", find=(Where(kind="site", key="urban"),)),
        has("family_history", "family_cvd"),
    ),
    formula=china_par,
    outputs=(Output(key="risk_percent", unit="%"),),
    category=_category,
    source="Yang X; Circulation 2016;134:1430; doi:10.1161/CIRCULATIONAHA.116.022367",
    reviewed="2026-11",
    verification="reconstructed",
    # pregnancy: house choice, no source: blood pressure and lipids change in pregnancy.
    excludes=("ascvd", "pregnancy"),
    warnings=(
        "Coefficients are reconstructed within the printed rounding; largest difference from the official calculator "
        "0.1 percentage points.",
        "In men the published waist coefficient is negative: a larger waist is not protective.",
    ),
)

"""Framingham 2008, office model: the same risk without a blood test, from the body mass index."""

import numpy as np

from twin.scores.base import POSITIVE, Array, Output, Score, completed_years
from twin.scores.inputs import age, body_mass_index, has, positive, sex, smokes

# (men, women): D'Agostino 2008, office model
_AGE, _BMI = (3.11296, 2.72107), (0.79277, 0.51125)
_UNTREATED, _TREATED = (1.85508, 2.81291), (1.92672, 2.88267)
_SMOKER, _DM = (0.70953, 0.61868), (0.53160, 0.77763)
_MEAN, _S0 = (23.9388, 26.0145), (0.88431, 0.94833)


def framingham2008_bmi(
    sex: Array, age: Array, bmi: Array, sbp: Array, bp_tx: Array, smoking: Array, dm: Array
) -> Array:
    """Return the risk as a fraction; sex 1 = male, BMI in kg/m2. From a town in Massachusetts."""

    def c(pair: tuple[float, float]) -> Array:
        return np.where(sex > 0.5, *pair)

    total = (
        c(_AGE) * np.log(age)
        + c(_BMI) * np.log(bmi)
        + np.where(bp_tx > 0.5, c(_TREATED), c(_UNTREATED)) * np.log(sbp)
        + c(_SMOKER) * smoking
        + c(_DM) * dm
    )
    return 1 - np.power(c(_S0), np.exp(total - c(_MEAN)))


SCORE = Score(
    key="framingham2008_bmi",
    inputs=(
        sex(),
        age(population=completed_years(30, 74)),
        body_mass_index(possible=POSITIVE),
        positive("sbp", "sbp", "mm[Hg]"),
        has("bp_tx", "antihypertensive"),
        smokes(),
        has("dm", "diabetes"),
    ),
    formula=framingham2008_bmi,
    outputs=(Output(key="risk"),),
    source="D'Agostino RB; Circulation 2008;117:743; doi:10.1161/CIRCULATIONAHA.107.699579",
    reviewed="2026-11",
    verification="verified",
    # pregnancy: house choice, no source: blood pressure and weight change in pregnancy.
    excludes=("ascvd", "heart_failure", "pregnancy"),
)

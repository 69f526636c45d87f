"""Framingham 2008, laboratory model: how likely is any first cardiovascular event within 10 years."""

import numpy as np

from twin.scores.base import Array, Output, Score, completed_years
from twin.scores.inputs import age, has, positive, sex, smokes

# (men, women): D'Agostino 2008, table 2
_AGE, _TC, _HDL = (3.06117, 2.32888), (1.12370, 1.20904), (-0.93263, -0.70833)
_UNTREATED, _TREATED = (1.93303, 2.76157), (1.99881, 2.82263)
_SMOKER, _DM = (0.65451, 0.52873), (0.57367, 0.69154)
_MEAN, _S0 = (23.9802, 26.1931), (0.88936, 0.95012)


def framingham2008(
    sex: Array, age: Array, total_c: Array, hdl_c: Array, sbp: Array, bp_tx: Array, smoking: Array, dm: Array
) -> Array:
    """Return the risk as a fraction; sex 1 = male, cholesterol in mg/dL. From a town in Massachusetts."""

    def c(pair: tuple[float, float]) -> Array:
        return np.where(sex > 0.5, *pair)

    total = (
        c(_AGE) * np.log(age)
        + c(_TC) * np.log(total_c)
        + c(_HDL) * np.log(hdl_c)
        + np.where(bp_tx > 0.5, c(_TREATED), c(_UNTREATED)) * np.log(sbp)
        + c(_SMOKER) * smoking
        + c(_DM) * dm
    )
    return 1 - np.power(c(_S0), np.exp(total - c(_MEAN)))


SCORE = Score(
    key="framingham2008",
    inputs=(
        sex(),
        age(population=completed_years(30, 74)),
        positive("total_c", "total_cholesterol", "mg/dL"),
        positive("hdl_c", "hdl_c", "mg/dL"),
        positive("sbp", "sbp", "mm[Hg]"),
        has("bp_tx", "antihypertensive"),
        smokes(),
        has("dm", "diabetes"),
    ),
    formula=framingham2008,
    outputs=(Output(key="risk"),),
    source="D'Agostino RB; Circulation 2008;117:743; doi:10.1161/CIRCULATIONAHA.107.699579",
    reviewed="2026-11",
    verification="verified",
    # pregnancy: house choice, no source: blood pressure and lipids change in pregnancy.
    excludes=("ascvd", "heart_failure", "pregnancy"),
)

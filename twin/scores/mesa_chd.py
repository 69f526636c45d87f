"""MESA: how likely is coronary disease within 10 years, with or without the coronary calcium score."""

import numpy as np

from twin.scores.base import Array, Input, Output, Score, completed_years
from twin.scores.inputs import NOT_NEGATIVE, age, has, measured, sex, smokes

# Each: without calcium, with calcium (McClelland 2015)
_AGE, _MALE = (0.0455, 0.0172), (0.7496, 0.4079)
_CHINESE, _BLACK, _HISPANIC = (-0.5055, -0.3475), (-0.2111, 0.0353), (-0.1900, -0.0222)
_DM, _SMOKER = (0.5168, 0.3892), (0.4732, 0.3717)
_TC, _HDL, _LIPID_DRUG = (0.0053, 0.0043), (-0.0140, -0.0114), (0.2473, 0.1206)
_SBP, _BP_DRUG, _FAMILY = (0.0085, 0.0066), (0.3381, 0.2278), (0.4522, 0.3239)
_LN_CAC, _S0 = (0.0, 0.2743), (0.99963, 0.99833)
_RACES: dict[object, float | str] = {"white": 0.0, "chinese": 1.0, "black": 2.0, "hispanic": 3.0}


def mesa_chd(
    race: Array,
    sex: Array,
    age: Array,
    total_c: Array,
    hdl_c: Array,
    lipid_med: Array,
    sbp: Array,
    bp_tx: Array,
    smoking: Array,
    dm: Array,
    fh_mi: Array,
    cac: Array | None,
) -> Array:
    """Return the risk as a fraction; sex 1 = male, cholesterol in mg/dL, `cac` the Agatston score.

    Without a calcium score the model without it speaks. From four groups of the USA: Chinese means Chinese Americans.
    """
    form = 0 if cac is None else 1
    total = (
        _AGE[form] * age
        + _MALE[form] * sex
        + np.select([race == 1, race == 2, race == 3], [_CHINESE[form], _BLACK[form], _HISPANIC[form]], 0.0)
        + _DM[form] * dm
        + _SMOKER[form] * smoking
        + _TC[form] * total_c
        + _HDL[form] * hdl_c
        + _LIPID_DRUG[form] * lipid_med
        + _SBP[form] * sbp
        + _BP_DRUG[form] * bp_tx
        + _FAMILY[form] * fh_mi
        + (0.0 if cac is None else _LN_CAC[form] * np.log(cac + 1))
    )
    return 1 - np.power(_S0[form], np.exp(total))


SCORE = Score(
    key="mesa_chd",
    inputs=(
        Input(key="race", kind="choice", choices=_RACES, undefined=("asian", "other", "pacific_islander")),
        sex(),
        age(population=completed_years(45, 85)),
        measured("total_c", "total_cholesterol", "mg/dL"),
        measured("hdl_c", "hdl_c", "mg/dL"),
        has("lipid_med", "lipid_lowering"),
        measured("sbp", "sbp", "mm[Hg]"),
        has("bp_tx", "antihypertensive"),
        smokes(),
        has("dm", "diabetes"),
        has("fh_mi"),
        Input(
            key="cac",
            unit="{score}",
            signal="agatston",
            find=measured("cac", "agatston", "{score}").find,
            units=("{Agatston}", "1"),
            optional=True,
            possible=NOT_NEGATIVE,
        ),
    ),
    formula=mesa_chd,
    outputs=(Output(key="risk"),),
    source="McClelland RL; JACC 2015;66:1643; doi:10.1016/j.jacc.2015.08.035",
    reviewed="2026-11",
    verification="verified",
    excludes=("ascvd", "pregnancy"),
)

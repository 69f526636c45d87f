"""PREVENT: how likely are heart attack, stroke and heart failure within 10 or 30 years, in people without them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twin.scores.base import POSITIVE, Array, Input, Output, Range, Refusal, Score, completed_years
from twin.scores.coefficients import coefficients
from twin.scores.inputs import age, body_mass_index, filtration, has, measured, sex, smokes

OUTCOMES = ("total_cvd", "ascvd", "heart_failure", "chd", "stroke")
MODELS = ("base", "hba1c", "uacr", "sdi", "full")
_MMOL_PER_MGDL = 0.02586  # cholesterol (formulas.md)


def prevent(
    model: str,
    years: str,
    sex: Array,
    age: Array,
    total_c: Array,
    hdl_c: Array,
    sbp: Array,
    bp_tx: Array,
    dm: Array,
    smoking: Array,
    egfr: Array,
    bmi: Array,
    statin: Array,
    hba1c: Array | None,
    uacr: Array | None,
    sdi_decile: Array | None,
) -> dict[str, Array]:
    """Return the five risks as fractions; sex 1 = male, cholesterol in mg/dL, HbA1c in %, uACR in mg/g.

    Derived in the USA; outside it the social deprivation index is left out. An extended model whose extra input is not
    known uses the published term for "missing".
    """
    terms = _terms(age, total_c, hdl_c, sbp, bp_tx, dm, smoking, egfr, bmi, statin)
    terms |= _extra_terms(dm, hba1c, uacr, sdi_decile)
    table = coefficients("prevent")[f"{model}_{years}yr"]
    return {outcome: _risk(table[f"male_{outcome}"], table[f"female_{outcome}"], sex, terms) for outcome in OUTCOMES}


def _terms(
    age: Array,
    total_c: Array,
    hdl_c: Array,
    sbp: Array,
    bp_tx: Array,
    dm: Array,
    smoking: Array,
    egfr: Array,
    bmi: Array,
    statin: Array,
) -> dict[str, Array]:
    years = (age - 55) / 10
    non_hdl = (total_c - hdl_c) * _MMOL_PER_MGDL - 3.5
    hdl = (hdl_c * _MMOL_PER_MGDL - 1.3) / 0.3
    pressure = (np.maximum(sbp, 110) - 130) / 20
    obesity = (np.maximum(bmi, 30) - 30) / 5
    low_egfr = (np.minimum(egfr, 60) - 60) / -15
    return {
        "age": years,
        "age_sq": years * years,
        "nhdl": non_hdl,
        "hdl": hdl,
        "sbp_lt110": (np.minimum(sbp, 110) - 110) / 20,
        "sbp_ge110": pressure,
        "dm": dm,
        "smoking": smoking,
        "bmi_lt30": (np.minimum(bmi, 30) - 25) / 5,
        "bmi_ge30": obesity,
        "egfr_lt60": low_egfr,
        "egfr_ge60": (np.maximum(egfr, 60) - 90) / -15,
        "bp_tx": bp_tx,
        "statin": statin,
        "bp_tx_sbp": bp_tx * pressure,
        "statin_nhdl": statin * non_hdl,
        "age_nhdl": years * non_hdl,
        "age_hdl": years * hdl,
        "age_sbp": years * pressure,
        "age_dm": years * dm,
        "age_smoking": years * smoking,
        "age_bmi_ge30": years * obesity,
        "age_egfr_lt60": years * low_egfr,
        "constant": np.ones_like(years),
    }


def _extra_terms(dm: Array, hba1c: Array | None, uacr: Array | None, sdi_decile: Array | None) -> dict[str, Array]:
    """The optional predictors, each with its own term for "not known"; models without them have no such coefficient."""
    none, one = np.zeros_like(dm), np.ones_like(dm)
    return {
        "hba1c_dm": none if hba1c is None else (hba1c - 5.3) * dm,
        "hba1c_nodm": none if hba1c is None else (hba1c - 5.3) * (1 - dm),
        "hba1c_missing": one if hba1c is None else none,
        "ln_uacr": none if uacr is None else np.log(uacr),
        "uacr_missing": one if uacr is None else none,
        "sdi_4_6": none if sdi_decile is None else np.where((sdi_decile >= 4) & (sdi_decile <= 6), 1.0, 0.0),
        "sdi_7_10": none if sdi_decile is None else np.where(sdi_decile >= 7, 1.0, 0.0),
        "sdi_missing": one if sdi_decile is None else none,
    }


def _risk(men: Mapping[str, float], women: Mapping[str, float], sex: Array, terms: Mapping[str, Array]) -> Array:
    total = np.zeros(1)
    for name in men:
        total = total + np.where(sex > 0.5, men[name], women[name]) * terms[name]
    return 1 / (1 + np.exp(-total))


def _too_old(years: str, age: Array, **_: object) -> NDArray[np.bool_]:
    """The 30-year model ends at 59."""
    return np.asarray((years == "30") & (age >= 60))


SCORE = Score(
    key="prevent",
    inputs=(
        Input(key="model", kind="choice", choices={name: name for name in MODELS}, default="base"),
        Input(key="years", kind="choice", choices={10: "10", 30: "30"}, default=10.0),
        sex(),
        age(population=completed_years(30, 79)),
        measured("total_c", "total_cholesterol", "mg/dL", population=Range(low=130, high=320)),
        measured("hdl_c", "hdl_c", "mg/dL", population=Range(low=20, high=100)),
        measured("sbp", "sbp", "mm[Hg]", population=Range(low=90, high=180)),
        has("bp_tx", "antihypertensive"),
        has("dm", "diabetes"),
        smokes(),
        filtration(population=Range(low=15, high=140)),
        body_mass_index(population=Range(low=18.5, high=39.9)),
        has("statin", "statin"),
        measured("hba1c", "hba1c", "%", optional=True),
        measured("uacr", "urine_acr", "mg/g", possible=POSITIVE, optional=True),
        Input(key="sdi_decile", unit="1", optional=True, possible=Range(low=1, high=10), whole=True),
    ),
    formula=prevent,
    outputs=tuple(Output(key=outcome) for outcome in OUTCOMES),
    refusals=(Refusal(input="age", reason="outside_population", when=_too_old),),
    source="Khan SS; Circulation 2024;149:430; doi:10.1161/CIRCULATIONAHA.123.067626",
    reviewed="2026-11",
    verification="verified",
    # pregnancy: house choice, no source: blood pressure and lipids change in pregnancy.
    excludes=("ascvd", "heart_failure", "pregnancy"),
)

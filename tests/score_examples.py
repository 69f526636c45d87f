"""One whole, plausible person a formula: the first reference vector with an answer and no caution, else by hand."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "reference" / "data" / "score_vectors.json").read_text("utf-8")
)
_WHOLE = {
    "prevent": {
        "model": "full", "years": 10, "sex": "female", "age": 50, "total_c": 200, "hdl_c": 50, "sbp": 130, "bp_tx": 0,
        "dm": 0, "smoking": 0, "egfr": 90, "bmi": 27, "statin": 0, "hba1c": 5.6, "uacr": 10,
    },
    "pce": {
        "race": "white", "sex": "male", "age": 55, "total_c": 213, "hdl_c": 50, "sbp": 120, "bp_tx": 0, "smoking": 0,
        "dm": 0,
    },
    "plcom2012": {
        "age": 62, "race": "white", "education": 4, "bmi": 27, "copd": 0, "cancer_hist": 0, "fh_lung": 0,
        "current_smoker": 0, "cpd": 20, "duration": 27, "quit_years": 10,
    },
    "kfre4": {"age": 60, "male": 1, "egfr": 40, "uacr_mgg": 100, "years": 5, "north_america": False},
    "mayo_nodule": {
        "age": 60, "ever_smoker": 1, "prior_cancer": 0, "diameter_mm": 12, "spiculation": 0, "upper_lobe": 1,
    },
    "findrisc": {
        "age": 50, "bmi": 27, "sex": "male", "waist_cm": 95, "active30min": 1, "daily_veg": 1, "bp_meds": 0,
        "high_glucose_hist": 0, "family": "none",
    },
    "ldl": {"tc": 221, "hdl": 55, "tg": 165},
    "cac_drs": {"agatston": 120, "vessels": 2},
    "vdt_volume": {"v1": 100, "v2": 200, "days": 100},
    "fleischner2017": {
        "type": "part_solid", "count": "single", "size_mm": 10, "risk": "low", "solid_component_mm": 4, "age": 60,
    },
    "lungrads2022": {"type": "solid", "context": "baseline", "size_mm": 8, "juxtapleural": 0, "suspicious": 0},
    "clungrads": {"type": "solid", "size_mm": 8, "probability": 0.1},
    "ast_alt_ratio": {"ast": 40, "alt": 30},
    "malbi": {"albumin_gl": 38, "bilirubin_umol": 20},
    "mayo_pbc_survival": {"age": 52, "bilirubin": 2.1, "albumin": 3.8, "pt": 11, "edema": 0},
    "mayo_pbc_updated": {"age": 52, "bilirubin": 2.1, "albumin": 3.8, "pt": 11, "edema": 0},
    "liver_risk_alleles": {"pnpla3": 1, "tm6sf2": 0, "hsd17b13": 2},
    "prs_hfc": {"pnpla3": 2, "tm6sf2": 1, "gckr": 1, "mboat7": 0},
    "cha2ds2_va": {"age": 70, "chf": 0, "htn": 1, "dm": 0, "stroke_tia_te": 0, "vascular": 0},
    "prs_percentile": {"prs": 1.2, "mean": 0.4, "sd": 0.8},
    "brock_parsimonious_spiculation": {"female": 1, "diameter_mm": 10, "upper_lobe": 1, "spiculation": 0},
    "ngsp": {"ifcc_mmol_mol": 53},
}  # fmt: skip


def _from_vectors() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for vector in _VECTORS:
        if not vector["expected"].get("absent") and not vector.get("caution"):
            found.setdefault(vector["score"], vector["inputs"])
    return found


EXAMPLES: Mapping[str, dict[str, Any]] = {**_from_vectors(), **_WHOLE}

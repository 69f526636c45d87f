"""GALAD: how likely is liver cancer now, from age, sex and three tumour markers."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Output, Score
from twin.scores.inputs import ADULT, age, male, measured, positive


def galad(age: Array, male: Array, afp: Array, afp_l3_pct: Array, dcp: Array) -> dict[str, Array]:
    """Return Z and the probability it stands for; AFP and DCP in ng/mL, AFP-L3 in percent.

    DCP (PIVKA-II) is meant in ng/mL as the uTASWako assay prints it; mAU/mL is converted by a factor that was not
    confirmed (signals.csv). The probability is that of the patients it was made in.
    """
    z = -10.08 + 0.09 * age + 1.67 * male + 2.34 * np.log10(afp) + 0.04 * afp_l3_pct + 1.33 * np.log10(dcp)
    return {"z": z, "probability": 1 / (1 + np.exp(-z))}


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published cut-off: Z from -0.63 on."""
    return "high" if outputs["z"] >= -0.63 else "low"


SCORE = Score(
    key="galad",
    inputs=(
        age(population=ADULT),
        male(),
        positive("afp", "afp", "ng/mL"),
        measured("afp_l3_pct", "afp_l3_percent", "%"),
        positive("dcp", "dcp_pivka2", "ng/mL"),
    ),
    formula=galad,
    outputs=(Output(key="z"), Output(key="probability")),
    category=_category,
    source="Johnson PJ; Cancer Epidemiol Biomarkers Prev 2014;23:144; doi:10.1158/1055-9965.EPI-13-0870",
    reviewed="2026-11",
    verification="verified",
    excludes=("pregnancy", "liver_transplant"),
    confounders={"vitamin_k_antagonist": "A vitamin K antagonist raises PIVKA-II: GALAD overstates."},
)

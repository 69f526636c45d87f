"""Estimated average glucose: which glucose does an HbA1c stand for, and what is it in IFCC units?"""

from twin.scores.base import Array, Output, Score
from twin.scores.inputs import measured


def eag(hba1c: Array) -> dict[str, Array]:
    """Return average glucose in mg/dL and mmol/L and the IFCC value in mmol/mol, from HbA1c in percent (NGSP).

    HbA1c misleads where red cells live shorter or longer than usual.
    """
    return {"mg_dl": 28.7 * hba1c - 46.7, "mmol_l": 1.59 * hba1c - 2.59, "ifcc_mmol_mol": 10.93 * hba1c - 23.50}


SCORE = Score(
    key="eag",
    inputs=(measured("hba1c", "hba1c", "%"),),
    formula=eag,
    outputs=(
        Output(key="mg_dl", unit="mg/dL"),
        Output(key="mmol_l", unit="mmol/L"),
        Output(key="ifcc_mmol_mol", unit="mmol/mol"),
    ),
    source="Nathan DM 2008 (average glucose); IFCC master equation",
    reviewed="2026-11",
    verification="single_source",
    confounders={"haemoglobinopathy": "A variant haemoglobin: HbA1c misleads."},
)

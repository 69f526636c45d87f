"""NGSP: what is an HbA1c in IFCC units (mmol/mol) in percent?"""

from twin.scores.base import Array, Input, Output, Range, Score


def ngsp(ifcc_mmol_mol: Array) -> Array:
    """Return HbA1c in percent (NGSP) from mmol/mol (IFCC)."""
    return 0.09148 * ifcc_mmol_mol + 2.152


SCORE = Score(
    key="ngsp",
    inputs=(
        # 2 to 25 %, the plausible range of HbA1c in signals.csv, on this scale
        Input(key="ifcc_mmol_mol", unit="mmol/mol", possible=Range(low=0, high=250)),
    ),
    formula=ngsp,
    outputs=(Output(key="value", unit="%"),),
    source="IFCC master equation",
    reviewed="2026-11",
    verification="single_source",
)

"""Mayo model of primary biliary cholangitis (1989): survival after 1 to 7 years. Not verified: baseline recalled."""

import numpy as np

from twin.scores.base import Array, Output, Score
from twin.scores.mayo_pbc_original import inputs, mayo_pbc_original

_BASELINE = (0.970, 0.941, 0.883, 0.833, 0.774, 0.721, 0.651)  # S0 for 1..7 years; recalled (formulas.md [U])
_MEAN = 5.07  # R of the baseline (formulas.md [U])


def mayo_pbc_survival(age: Array, bilirubin: Array, albumin: Array, pt: Array, edema: Array) -> dict[str, Array]:
    """Return the fraction alive after each year, without transplant. Made before ursodiol: it understates today's."""
    relative = np.exp(mayo_pbc_original(age, bilirubin, albumin, pt, edema) - _MEAN)
    return {f"survival_{year}y": np.power(baseline, relative) for year, baseline in enumerate(_BASELINE, start=1)}


SCORE = Score(
    key="mayo_pbc_survival",
    inputs=inputs(),
    formula=mayo_pbc_survival,
    outputs=tuple(Output(key=f"survival_{year}y") for year in range(1, len(_BASELINE) + 1)),
    source="Dickson ER; Hepatology 1989;10:1; baseline survival recalled",
    reviewed="2026-11",
    verification="unverified",
    excludes=("liver_transplant",),
)

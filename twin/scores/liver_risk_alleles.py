"""Liver risk alleles: how much do three genes change the odds of cirrhosis and liver cancer?"""

import numpy as np

from twin.scores.base import Array, Input, Output, Range, Score

# Odds ratio against no risk allele, by their number 0..6; 5 and 6 are one group (Gellert-Kristensen 2020)
_CIRRHOSIS = (1.0, 1.6, 2.0, 3.1, 5.2, 12.0, 12.0)
_CANCER = (1.0, 1.2, 1.0, 2.4, 3.3, 29.0, 29.0)
COPIES = Range(low=0, high=2)


def liver_risk_alleles(pnpla3: Array, tm6sf2: Array, hsd17b13: Array) -> dict[str, Array]:
    """Return the number of risk alleles (0-6) and the odds ratios against none.

    Copies of rs738409 G, rs58542926 T and rs72613567 T. The T of HSD17B13 is the risk allele, the inserted A protects.
    Averages of the people studied: with another ancestry, alcohol or weight they may differ.
    """
    count = pnpla3 + tm6sf2 + hsd17b13
    groups = [count == number for number in range(len(_CIRRHOSIS))]
    return {
        "count": count,
        "or_cirrhosis": np.select(groups, _CIRRHOSIS, np.nan),
        "or_hcc": np.select(groups, _CANCER, np.nan),
    }


def copies(key: str) -> Input:
    """Return how many copies of an allele a person has: 0, 1 or 2."""
    return Input(key=key, unit="1", possible=COPIES, whole=True)


SCORE = Score(
    key="liver_risk_alleles",
    inputs=(copies("pnpla3"), copies("tm6sf2"), copies("hsd17b13")),
    formula=liver_risk_alleles,
    outputs=(Output(key="count", whole=True), Output(key="or_cirrhosis"), Output(key="or_hcc")),
    source="Gellert-Kristensen H; Hepatology 2020;72:845; doi:10.1002/hep.31238",
    reviewed="2026-11",
    verification="single_source",
)

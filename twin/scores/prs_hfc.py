"""PRS-HFC: how much liver fat do four genes give, as a score? Not verified: the weights are recalled."""

from collections.abc import Mapping

from twin.scores.base import Array, Given, Score
from twin.scores.liver_risk_alleles import copies


def prs_hfc(pnpla3: Array, tm6sf2: Array, gckr: Array, mboat7: Array) -> Array:
    """Return the weighted sum of risk alleles (dimensionless). The weights were not confirmed; the cut-off was read."""
    return 0.266 * pnpla3 + 0.274 * tm6sf2 + 0.065 * gckr + 0.063 * mboat7


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published cut-off for liver cancer in fatty liver: from 0.532 on (Bianco 2021)."""
    return "high" if outputs["value"] >= 0.532 else "not high"


SCORE = Score(
    key="prs_hfc",
    inputs=(copies("pnpla3"), copies("tm6sf2"), copies("gckr"), copies("mboat7")),
    formula=prs_hfc,
    category=_category,
    source="Bianco C; J Hepatol 2021;74:775; doi:10.1016/j.jhep.2020.11.024; weights recalled",
    reviewed="2026-11",
    verification="unverified",
)

"""R factor: is a liver injury of the liver cells or of the bile flow?"""

from collections.abc import Mapping

from twin.scores.base import Array, Given, Score
from twin.scores.inputs import measured, positive, upper_limit


def r_factor(alt: Array, alt_uln: Array, alp: Array, alp_uln: Array) -> Array:
    """Return (ALT / upper limit) / (ALP / upper limit) (dimensionless); the limits are the laboratory's own, in U/L."""
    return (alt / alt_uln) / (alp / alp_uln)


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands: from 5 hepatocellular, up to 2 cholestatic (CIOMS, ACG)."""
    value = outputs["value"]
    return "hepatocellular" if value >= 5 else "cholestatic" if value <= 2 else "mixed"


SCORE = Score(
    key="r_factor",
    inputs=(
        measured("alt", "alt", "U/L"),
        upper_limit("alt_uln", "alt"),
        positive("alp", "alp", "U/L"),
        upper_limit("alp_uln", "alp"),
    ),
    formula=r_factor,
    category=_category,
    source="Definition; bands CIOMS and ACG (drug-induced liver injury)",
    reviewed="2026-11",
    verification="verified",
)

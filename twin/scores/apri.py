"""APRI: how likely is significant liver fibrosis, from AST and platelets."""

from collections.abc import Mapping

from twin.scores.base import POSITIVE, Array, Given, Input, Score, Where


def apri(ast: Array, ast_uln: Array, platelets: Array) -> Array:
    """Return the AST-to-platelet ratio index (dimensionless).

    Depends on the laboratory's upper limit of normal: 40 U/L is assumed, and shown, where it is not given.
    """
    return (ast / ast_uln) * 100 / platelets


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """The published bands for significant fibrosis: low up to 0.5, high above 1.5 (Wai 2003)."""
    value = outputs["value"]
    return "low" if value <= 0.5 else "high" if value > 1.5 else "indeterminate"


SCORE = Score(
    key="apri",
    inputs=(
        Input(key="ast", unit="U/L", signal="ast", find=(Where(kind="signal", key="ast"),)),
        Input(key="ast_uln", unit="U/L", signal="ast", default=40.0, possible=POSITIVE),
        Input(
            key="platelets",
            unit="10*9/L",
            signal="platelets",
            find=(Where(kind="signal", key="platelets"),),
            possible=POSITIVE,
        ),
    ),
    formula=apri,
    category=_category,
    source="Wai CT; Hepatology 2003;38:518",
    reviewed="2026-11",
    verification="verified",
)

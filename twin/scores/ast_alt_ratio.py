"""AST to ALT ratio: does the pattern of enzymes point to alcohol or to cirrhosis?"""

from twin.scores.base import Array, Score
from twin.scores.inputs import measured, positive


def ast_alt_ratio(ast: Array, alt: Array) -> Array:
    """Return AST / ALT (dimensionless).

    Above 2 suggests alcohol, above 1 in viral or metabolic disease cirrhosis: both are weak signs.
    """
    return ast / alt


SCORE = Score(
    key="ast_alt_ratio",
    inputs=(measured("ast", "ast", "U/L"), positive("alt", "alt", "U/L")),
    formula=ast_alt_ratio,
    source="Definition",
    reviewed="2026-11",
    verification="verified",
)

"""How were the inputs and risks spread where the model was made? What later ones are compared with."""

from typing import Any

import numpy as np

from twin.forecast.card.held import AS_IT_IS, Held, of_input
from twin.forecast.evaluate.rows import Array

BINS = 10  # the custom in stability indices: Siddiqi 2006, Credit Risk Scorecards, chapter 9
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def reference(values: Array, held: Held = AS_IT_IS) -> dict[str, Any]:
    """Return the spread of values (N,), NaN missing: count, missing, edges of up to ten bins, shares, quantiles.

    `shares` has one more than there are bins: the share missing comes last. Edges are of the values as they are
    `held`, as drift compares them; quantiles are in the unit, for readers.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return {"count": len(values), "missing": len(values), "edges": [], "shares": [0.0, 1.0], "quantiles": None}
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf"))
    return {
        "count": len(values),
        "missing": len(values) - len(known),
        "edges": edges.tolist(),
        "shares": shares(values, edges).tolist(),
        "quantiles": {
            f"{level:g}": float(value)
            for level, value in zip(QUANTILES, held.natural(np.quantile(known, QUANTILES)), strict=True)
        },
    }


def is_reference(found: Any) -> bool:  # Any: a part of a card that came from a file
    """Return whether this is a spread as `reference` makes it, so that values can be compared with it."""
    try:
        edges, parts = np.array(found["edges"], dtype=np.float64), np.array(found["shares"], dtype=np.float64)
        count, missing = int(found["count"]), int(found["missing"])
        of_input(found)
    except (KeyError, TypeError, ValueError):
        return False
    is_rising = edges.ndim == 1 and bool(np.all(np.diff(edges) > 0))
    is_whole = parts.shape == (len(edges) + 2,) and bool(np.isclose(parts.sum(), 1.0) and (parts >= 0).all())
    return is_rising and is_whole and 0 <= missing <= count and count > 0


def shares(values: Array, edges: Array) -> Array:
    """Return the share of values in each bin, an edge in the one below it, and last the share missing: (K + 2,)."""
    known = values[np.isfinite(values)]
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    return np.asarray(np.append(counts, len(values) - len(known)) / max(len(values), 1))

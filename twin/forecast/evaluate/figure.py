"""A number with its interval, from what the data and bootstrap samples of them give."""

from dataclasses import dataclass

import numpy as np

from twin.forecast.evaluate.rows import Array

PERCENTILES = (2.5, 97.5)  # 95 % intervals


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A number with the 95 % interval of it; NaN where the data give none."""

    value: float
    low: float
    high: float


def figure(drawn: Array, *, is_bent: bool = False) -> Figure:
    """Return the value (the first draw) with the interval of the others: (1 + repeats,).

    Args:
        is_bent: the draws are of a distance, which resampling makes larger: move them back by their bias.
    """
    others = drawn[1:][np.isfinite(drawn[1:])]
    if is_bent and others.size:
        others = np.maximum(others - np.median(others) + drawn[0], 0.0)
    low, high = np.percentile(others, PERCENTILES) if others.size else (np.nan, np.nan)
    return Figure(value=float(drawn[0]), low=float(low), high=float(high))

"""What the forecasts of the training patients taught: shift, spread and shape of the error of one signal, by horizon.

Every coefficient multiplies one named feature (`features.py`), so a forecast can be taken apart. Between the horizons
it was fitted at it is interpolated on the logarithm of the horizon; beyond the first and the last it stays.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """F features, H horizons, Q probabilities.

    horizons (H,) years; centre, spread (F,) of the features; shift (H, F): of the mean, in SD of the engine's reading;
    stretch (H, F): log factor on that SD; middle, width (H,): median of the error so standardised, and its 80 % range
    in those of a normal one; probabilities (Q,); shape (H, Q): its quantiles less `middle`, by `width`.
    """

    horizons: Array
    centre: Array
    spread: Array
    shift: Array
    stretch: Array
    middle: Array
    width: Array
    probabilities: Array
    shape: Array

    def to_arrays(self) -> dict[str, Array]:
        """Return every field by its name."""
        names = ("horizons", "centre", "spread", "shift", "stretch", "middle", "width", "probabilities", "shape")
        return {name: getattr(self, name) for name in names}


def hats(horizons: Array, years: Array) -> Array:
    """Return how much each of the `horizons` (H,) counts at `years` (M,): (M, H), each row sums to 1."""
    if len(horizons) == 1:
        return np.ones((len(years), 1))
    at = np.log(np.clip(years, horizons[0], horizons[-1]))
    return np.stack([np.interp(at, np.log(horizons), row) for row in np.eye(len(horizons))], axis=1)


def shift_and_stretch(correction: Correction, features: Array, years: Array) -> tuple[Array, Array]:
    """Return (shift, factor), each (M,), of median and spread, for raw `features` (M, F) at `years` (M,) ahead."""
    scaled = (features - correction.centre) / correction.spread
    weight = hats(correction.horizons, years)
    shift = np.einsum("mh,hf,mf->m", weight, correction.shift, scaled)
    factor = np.exp(np.einsum("mh,hf,mf->m", weight, correction.stretch, scaled))
    return shift + factor * (weight @ correction.middle), factor * (weight @ correction.width)


def shape_at(correction: Correction, years: Array, probabilities: Array) -> Array:
    """Return standardised quantiles (M, Q) at `years` (M,) for `probabilities` (Q,).

    Between the fitted probabilities a quantile is interpolated on the normal deviate; beyond them it goes on as the
    last two do.
    """
    from scipy.special import ndtri  # here: web pages import this package's records and need no scipy

    known, asked = ndtri(correction.probabilities), ndtri(probabilities)
    rows = hats(correction.horizons, years) @ correction.shape
    place = np.clip(np.searchsorted(known, asked) - 1, 0, len(known) - 2)
    part = (asked - known[place]) / (known[place + 1] - known[place])
    return np.asarray(rows[:, place] * (1.0 - part) + rows[:, place + 1] * part)

"""Is this lump unlike anything in the bank?

Known is what lies as near to the annotated nodules as most of them lie to those of other patients, or as near to normal
tissue as half of its samples lie to one another (narrower, for they are of one patient: a wide circle around liver
would call every organ known). The measured rates are on the bank's card.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.bank.embedding import Scale

NEAREST = 3  # whose mean distance counts: one alone may be an outlier of the bank itself
MOST_SD = 8.0  # wide, so that what lies far outside is seen as far; beyond, one number would rule alone
KNOWN_NODULES, KNOWN_TISSUE = 0.97, 0.5  # shares of the bank's own samples that lie within the limits


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The distances up to which a lump counts as known, from nodules and from normal tissue."""

    nodules: float
    tissue: float


def strangeness(from_nodules: float, from_tissue: float, limits: Limits) -> float:
    """Return how far out a lump lies: above 1 it is unlike anything known."""
    return min(from_nodules / limits.nodules, from_tissue / limits.tissue)


def distance(one: NDArray[np.float32], known: NDArray[np.float32]) -> float:
    """Return the mean distance of one case (F,) from its nearest ones (N, F), in standard deviations per number.

    Both as `wide` gives them.
    """
    if not len(known):
        return float("inf")
    squares = np.sort(np.square(known - one).mean(1))[:NEAREST]
    return float(np.sqrt(squares).mean())


def wide(scale: Scale, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return numbers (..., F) in standard deviations, clipped far out."""
    return np.asarray(np.clip((numbers - scale.mean) / scale.sd, -MOST_SD, MOST_SD), np.float32)

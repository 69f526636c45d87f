"""Is this lump unlike anything in the bank?

The mean distance to the three nearest shipped cases, in standard deviations per number, beyond a distance that few
annotated nodules have from those of other patients. Foreign tissue that happens to look like a nodule stays "known":
the measured rates are on the bank's card.
"""

import numpy as np
from numpy.typing import NDArray

from imaging.bank.embedding import Scale

NEAREST = 3  # one alone may be an outlier of the bank itself
MOST_SD = 8.0  # wide, so that what lies far outside is seen as far; beyond, one number would rule alone
KNOWN_SHARE = 0.97  # of the annotated nodules are to be called known


def strangeness(scale: Scale, numbers: NDArray[np.float32], known: NDArray[np.float32]) -> float:
    """Return the distance of one case (F,) from the nearest known ones (N, F)."""
    at = _wide(scale, numbers)
    squares = np.sort(np.square(_wide(scale, known) - at).mean(1))[:NEAREST]
    return float(np.sqrt(squares).mean())


def _wide(scale: Scale, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.clip((numbers - scale.mean) / scale.sd, -MOST_SD, MOST_SD), np.float32)

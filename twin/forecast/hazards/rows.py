"""What the risk is learnt from: landmarks, what is known at them and what became of them; and who looks at what."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

FOLDS = 5
EVENTS_AT_LEAST = 10  # patients with the event: below it nothing can be chosen, and no model is made


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """What is known at each landmark and what became of it.

    predictors: (N,) each. patient: (N,) index. fold: (N,) 0..4, one for all rows of a patient. time: (N,) years from
    the landmark to the end. status: (N,) 0 censored, 1 event, 2 competing event. judges: (N,) which rows tell how well
    patients left out are foretold; the others are only learnt from, unless those have too few events.
    """

    predictors: Mapping[str, Array]
    patient: Index
    fold: Index
    time: Array
    status: Index
    judges: Mask

    def take(self, chosen: Mask) -> "Rows":
        """Only some rows."""
        return Rows(
            predictors={key: values[chosen] for key, values in self.predictors.items()},
            patient=self.patient[chosen],
            fold=self.fold[chosen],
            time=self.time[chosen],
            status=self.status[chosen],
            judges=self.judges[chosen],
        )

    def of(self, keys: frozenset[str]) -> dict[str, Array]:
        """Return only some predictors."""
        return {key: values for key, values in self.predictors.items() if key in keys}


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """Which predictors each member of the risk looks at.

    `summed`: the sum, those of `apart` held apart, for they say much of what others say already. `nets`: what the net
    may look at, the leaner first; no net where empty.
    """

    summed: frozenset[str]
    apart: frozenset[str] = frozenset()
    nets: tuple[frozenset[str], ...] = ()

"""On which scale does a model hold an input, and what is it in the unit that a reader knows?

A model may take the logarithm of a reading, or of 1 + a count. The card keeps bin edges as the model holds them, for
drift is told by these, and says quantiles in the unit: the same quantiles, for every scale here rises.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from twin.forecast.evaluate.rows import Array

Kind = Literal["linear", "log", "log1p", "logit"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """`linear`: as it is. `log`, `log1p`: natural logarithm of it, of 1 + it. `logit`: log odds from `low` to `high`.

    Raises:
        ValueError: no such scale, or bounds that leave no room.
    """

    kind: Kind = "linear"
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"no scale is called {self.kind!r}")
        if self.kind == "logit" and not self.low < self.high:
            raise ValueError(f"bounds {self.low} .. {self.high} leave no room")

    def natural(self, values: Array) -> Array:
        """Return values (N,) as the model holds them in the input's unit."""
        if self.kind == "log":
            return np.exp(values)
        if self.kind == "log1p":
            return np.expm1(values)
        if self.kind == "logit":
            return np.asarray(self.low + (self.high - self.low) / (1.0 + np.exp(-values)))
        return values

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands on a card."""
        return asdict(self) if self.kind == "logit" else {"kind": self.kind}


AS_IT_IS = Held()


def of_input(row: Mapping[str, Any]) -> Held:
    """Return the scale of an input on a card; of a card made before inputs told theirs, as it is.

    Raises:
        ValueError, TypeError: what stands there is no scale.
    """
    return Held(**row["held"]) if "held" in row else AS_IT_IS

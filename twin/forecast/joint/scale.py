"""On which scale does a signal move evenly: as it is, as its logarithm, or between two bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Kind = Literal["linear", "log", "logit"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """The working scale of one signal.

    `linear`: as it is. `log`: natural logarithm, for values above zero. `logit`: log of the odds between `low` and
    `high`. A reading below `floor` says only that it is below: the source writes `below` for it ("< 30" written as 29).
    """

    kind: Kind = "linear"
    low: float = 0.0
    high: float = 1.0
    floor: float | None = None
    below: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("linear", "log", "logit"):
            raise ValueError(f"no scale is called {self.kind!r}")
        if self.kind == "logit" and not self.low < self.high:
            raise ValueError(f"bounds {self.low} .. {self.high} leave no room")
        if self.floor is not None and not self.holds(np.array([self.floor]))[0]:
            raise ValueError(f"the floor {self.floor} has no place on the {self.kind} scale")

    def holds(self, values: Array) -> Mask:
        """Return which natural values have a place on the scale (zero has none on the log scale)."""
        inside = np.isfinite(values)
        if self.kind == "log":
            inside &= values > 0
        elif self.kind == "logit":
            inside &= (values > self.low) & (values < self.high)
        return np.asarray(inside)

    def censored(self, values: Array) -> Mask:
        """Return which natural values say only "below the floor"."""
        return np.zeros(np.shape(values), dtype=bool) if self.floor is None else np.asarray(values < self.floor)

    def working(self, values: Array) -> Array:
        """Return natural values on the working scale; a censored one as the floor itself.

        Raises:
            ValueError: a value has no place on the scale; ask `holds` first.
        """
        raised = values if self.floor is None else np.maximum(values, self.floor)
        if not self.holds(raised).all():
            raise ValueError(f"{int((~self.holds(raised)).sum())} values have no place on the {self.kind} scale")
        if self.kind == "log":
            return np.asarray(np.log(raised))
        if self.kind == "logit":
            return np.asarray(np.log((raised - self.low) / (self.high - raised)))
        return np.asarray(raised, dtype=np.float64)

    def natural(self, working: Array) -> Array:
        """Return working-scale levels in the natural unit."""
        if self.kind == "log":
            return np.asarray(np.exp(working))
        if self.kind == "logit":
            return np.asarray(self.low + (self.high - self.low) / (1.0 + np.exp(-working)))
        return np.asarray(working, dtype=np.float64)

    def reading(self, working: Array) -> Array:
        """Return what the source would write for working-scale levels: natural, and `below` under the floor."""
        natural = self.natural(working)
        if self.floor is None:
            return natural
        return np.where(natural < self.floor, self.floor if self.below is None else self.below, natural)

    def as_json(self) -> dict[str, Any]:
        """Return the scale as plain values, for `from_json`."""
        return {"kind": self.kind, "low": self.low, "high": self.high, "floor": self.floor, "below": self.below}

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "Scale":
        """Return the scale that `as_json` wrote."""
        return cls(**written)

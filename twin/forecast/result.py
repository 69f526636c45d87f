"""What a trajectory is at a moment, and what it says of a later one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from statistics import NormalDist

from twin.forecast.motion import Motion

QUANTILES: Mapping[str, float] = {
    "median": 0.5,
    "q025": 0.025,
    "q10": 0.10,
    "q25": 0.25,
    "q75": 0.75,
    "q90": 0.90,
    "q975": 0.975,
}
"""The fan of a panel: 50, 80 and 95 % bands."""

UNSHOWN: Mapping[str, bool] = {"is_shown": False}
"""Metadata of a field that is worked with and not written out."""

DEVIATES: Mapping[str, float] = {name: NormalDist().inv_cdf(share) for name, share in QUANTILES.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """Level and slope (per year) of one signal at a moment, with covariance, on the working scale.

    `trend`: what is expected a year besides, of this age and sex and by what has begun; it does not fade. `off` is +1
    or -1 while the last observation lay beyond the gate on that side, since `off_since`; else 0. `seen` counts the
    observations in it.
    """

    at: datetime
    level: float
    slope: float
    level_var: float
    covariance: float
    slope_var: float
    trend: float = 0.0
    seen: int = 0
    off: int = 0
    off_since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Predictive:
    """The distribution of a signal's true level at a moment: normal on the working scale, kept to what can be.

    A noisy reading scatters more: add the observation's variance for that.
    """

    at: datetime
    motion: Motion
    mean: float
    variance: float

    def quantile(self, share: float) -> float:
        """Return the value, canonical unit, below which the level lies with probability `share`."""
        return self.motion.canonical(self.mean + NormalDist().inv_cdf(share) * sqrt(self.variance))

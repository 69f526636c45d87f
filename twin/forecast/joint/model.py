"""What the fit found: every parameter of the joint model as plain arrays, so that it can be saved as arrays and JSON.

    y_k  = mean_k(t) + level_k + swing_k + e_k                 one reading of signal k, working scale
    d level = slope dt + dW,     cov dW = wander dt            what stays: it drifts and wanders
    d slope = -slope / T dt + ., stationary covariance drift   a drift that fades unless readings keep it up
    d swing = -rate_k swing dt + dV, cov dV = swing dt         what comes and goes: an illness, a season, a diet
    mean_k(t) = (intercept_k + trend_k t) . covariates + sum over starts before t of step_k + ramp_k (t - start)

At the patient's first reading (level, slope) ~ N(0, prior) and the swing is stationary. K signals, C covariates,
W kinds of start.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.forecast.joint.correction import Correction
from twin.forecast.joint.scale import Scale

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class JointModel:
    """The joint model of K signals; all on their working scales, times in years.

    Attributes:
        intercept, trend: (K, C) mean at time zero, and its change a year, by covariate.
        step, ramp: (K, W) what each kind of start adds at once, and a year.
        prior: (2K, 2K) covariance of (levels, slopes) at the first reading. drift: (K, K), stationary, (a year)^-2.
        wander: (K, K) a year. swing: (K, K) a year. rate: (K,) a year. relaxation: T, years. noise: (K,) variances.
        gate: a reading further off than this many SD is down-weighted. step_years: two such on one side, so far
        apart, are a step of the level.
        corrections: by signal index, what the forecasts of the training patients taught; empty before `calibrate`.
    """

    keys: tuple[str, ...]
    scales: tuple[Scale, ...]
    intercept: Array
    trend: Array
    step: Array
    ramp: Array
    prior: Array
    drift: Array
    wander: Array
    swing: Array
    rate: Array
    noise: Array
    relaxation: float
    gate: float = 3.5  # as dynamics.toml: beyond it a normal reading lies once in 2,000
    step_years: float = 0.08  # 30 days less half a day, as dynamics.toml
    corrections: Mapping[int, Correction]

    @property
    def signals(self) -> int:
        """K."""
        return len(self.keys)

    @property
    def swing_covariance(self) -> Array:
        """The stationary covariance of the swings (K, K)."""
        return np.asarray(self.swing / (self.rate[:, np.newaxis] + self.rate))

    def to_arrays(self) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return (arrays, JSON): `from_arrays` makes the same model of them."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        for signal, correction in self.corrections.items():
            arrays |= {f"correction.{signal}.{name}": value for name, value in correction.to_arrays().items()}
        written = {
            "keys": list(self.keys),
            "scales": [scale.as_json() for scale in self.scales],
            "corrected": sorted(self.corrections),
        }
        return arrays, written | {name: getattr(self, name) for name in _NUMBERS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array], written: Mapping[str, Any]) -> "JointModel":
        """Return the model that `to_arrays` wrote."""
        corrections = {
            signal: Correction(**{f.name: arrays[f"correction.{signal}.{f.name}"] for f in fields(Correction)})
            for signal in written["corrected"]
        }
        parameters: dict[str, Any] = {name: np.asarray(arrays[name], dtype=np.float64) for name in _ARRAYS}
        parameters |= {name: float(written[name]) for name in _NUMBERS}
        return cls(
            keys=tuple(written["keys"]),
            scales=tuple(Scale.from_json(scale) for scale in written["scales"]),
            corrections=corrections,
            **parameters,
        )


_ARRAYS = ("intercept", "trend", "step", "ramp", "prior", "drift", "wander", "swing", "rate", "noise")
_NUMBERS = ("relaxation", "gate", "step_years")

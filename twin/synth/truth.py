"""What a simulated patient's values really are, without noise, at any time, and when they pass a threshold."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.record.timeline import DAYS_PER_YEAR
from twin.synth.assay import Scale

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Latent:
    """The true course of one signal, in its canonical unit.

    On the scale (natural logarithm, or the value itself) it is a line, bent where the illness begins and moved where
    treatment takes hold:
    level + slope t + rise max(t - begins, 0) + treated (min(max(t - treatment, 0) / takes, 1)),
    t in years since `origin`; `rises_until` is where the rise ends. A moment that never comes is infinite.
    """

    signal: str
    scale: Scale
    origin: date
    level: float
    slope: float
    begins: float
    rise: float
    rises_until: float
    treatment: float
    treated: float
    takes: float

    def at(self, years: ArrayLike) -> Array:
        """Return the true value `years` after `origin`, in the shape of `years`."""
        found = on_scale(
            np.asarray(years, dtype=np.float64), self.level, self.slope, self.begins, self.rise, self.rises_until,
            self.treatment, self.treated, self.takes,
        )  # fmt: skip
        return np.exp(found) if self.scale == "log" else found

    def slope_at(self, years: float) -> float:
        """Return the slope a year on the scale just after `years`."""
        rising = self.rise if self.begins <= years < self.rises_until else 0.0
        settling = self.treated / self.takes if self.treatment <= years < self.treatment + self.takes else 0.0
        return self.slope + rising + settling


def on_scale(
    years: ArrayLike,
    level: Array | float,
    slope: Array | float,
    begins: Array | float,
    rise: Array | float,
    rises_until: Array | float,
    treatment: Array | float,
    treated: Array | float,
    takes: Array | float,
) -> Array:
    """Return the course of `Latent` on its scale; all arguments broadcast together."""
    t = np.asarray(years, dtype=np.float64)
    risen = np.maximum(np.minimum(t, rises_until) - begins, 0.0)
    settled = np.clip((t - treatment) / takes, 0.0, 1.0)
    return np.asarray(level + slope * t + rise * risen + treated * settled)


def years_between(origin: date, at: date) -> float:
    """Return the years (a) from `origin` to `at`."""
    return (at - origin).days / DAYS_PER_YEAR


def day_after(origin: date, years: float) -> date:
    """Return the day `years` after `origin`."""
    return origin + timedelta(days=round(years * DAYS_PER_YEAR))

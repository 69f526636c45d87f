"""A thousand simulated futures of a patient: every signal's true level, month by month, drawn once and used by all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from twin.forecast.dynamics import Observation, at_time, last_state, mean_path, sample
from twin.forecast.motion import Motion
from twin.forecast.result import State

Array = NDArray[np.float64]

PATHS = 1024
MONTHS = 36
MONTH_YEARS = 1 / 12
MONTH = timedelta(days=365.25 / 12)


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A signal with what was observed of it and its state today, for one scaling of the house values.

    `last` is the state after the newest observation, `state` the same carried forward to today.
    """

    motion: Motion
    last: State
    state: State
    observations: tuple[Observation, ...]


@dataclass(frozen=True, kw_only=True)
class Futures:
    """The futures of one patient from `start` on.

    Draws depend on the signal's key alone, so a patient gets the same digits alone or in a batch, in any order.
    """

    start: datetime
    age: float | None
    followed: Mapping[str, Followed]
    _levels: dict[str, Array] = field(default_factory=dict, repr=False)

    def ages(self) -> Array | None:
        """Return the age at each month (1, M), or None where it is not known."""
        if self.age is None:
            return None
        return np.float64(self.age) + np.arange(MONTHS + 1, dtype=np.float64)[np.newaxis, :] * np.float64(MONTH_YEARS)

    def levels(self, key: str) -> Array | None:
        """Return the simulated levels of a signal (PATHS, M), canonical unit, or None where nothing is known of it."""
        signal = self.followed.get(key)
        if signal is None:
            return None
        if key not in self._levels:
            self._levels[key] = sample(signal.motion, signal.state, draws(key), MONTH_YEARS)
        return self._levels[key]

    def without_trend(self, key: str) -> Array:
        """Return the levels of a signal as if its expected course stood still from today on."""
        signal, levels = self.followed[key], self.levels(key)
        assert levels is not None
        course = mean_path(signal.motion, signal.state, MONTHS + 1, MONTH_YEARS)
        drift = course - course[0]
        return levels * np.exp(-drift) if signal.motion.scale == "log" else levels - drift

    def drift(self, key: str, months: int) -> float:
        """Return the expected change of a signal over `months`, working scale."""
        signal = self.followed[key]
        course = mean_path(signal.motion, signal.state, months + 1, MONTH_YEARS)
        return float(course[-1] - course[0])

    def scaled(self, factor: float, keys: tuple[str, ...]) -> "Futures":
        """The same patient, these signals followed again with drift and wander scaled by `factor`."""
        followed = {
            key: follow_until(self.followed[key].motion.scaled(factor), self.followed[key].observations, self.start)
            for key in keys
            if key in self.followed
        }
        return Futures(start=self.start, age=self.age, followed=followed)


def follow_until(motion: Motion, observations: tuple[Observation, ...], start: datetime) -> Followed:
    """Filter `observations` (at least one) and carry the state forward to `start`."""
    return carried_to(motion, last_state(motion, observations), observations, start)


def carried_to(motion: Motion, last: State, observations: tuple[Observation, ...], start: datetime) -> Followed:
    """Carry the state after the newest of `observations` forward to `start`."""
    return Followed(motion=motion, last=last, state=at_time(motion, last, start), observations=observations)


@lru_cache(maxsize=64)
def draws(key: str) -> Array:
    """Return the standard normal draws of a signal (PATHS, M, 2), in antithetic pairs."""
    seed = int.from_bytes(sha256(key.encode()).digest()[:8], "big")
    half = np.random.default_rng(seed).standard_normal((PATHS // 2, MONTHS + 1, 2))
    both = np.concatenate((half, -half))
    both.setflags(write=False)
    return both

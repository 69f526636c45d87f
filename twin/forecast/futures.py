"""A thousand simulated futures of a patient: every signal's true level, month by month, drawn once and used by all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from twin.forecast.dynamics import Entry, GroupState, at_time, follow, mean_path, sample
from twin.forecast.group import Group
from twin.forecast.motion import Motion
from twin.forecast.result import State

Array = NDArray[np.float64]

PATHS = 1024
MONTHS = 36
MONTH_YEARS = 1 / 12
MONTH = timedelta(days=365.25 / 12)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Held:
    """Signals that move together, for one scaling of the house values: what they rest on, and where they stand.

    `last` is the state after the newest of `entries`, `now` the same carried forward to today.
    """

    group: Group
    entries: tuple[Entry, ...]
    ageing: str | None
    last: GroupState
    now: GroupState

    @classmethod
    def until(
        cls, start: datetime, group: Group, entries: tuple[Entry, ...], last: GroupState, ageing: str | None
    ) -> "Held":
        """Carry the state after the newest of `entries` forward to `start`."""
        return cls(group=group, entries=entries, ageing=ageing, last=last, now=at_time(group, last, start))

    def scaled(self, factor: float) -> "Held":
        """The same, followed again with drift and wander scaled by `factor`."""
        group = self.group.scaled(factor)
        last = follow(group, self.entries, self.ageing).last
        return Held.until(self.now.at, group, self.entries, last, self.ageing)

    def follow(self, place: int, newest: datetime) -> "Followed":
        """Return one of the signals, whose newest reading was at `newest`."""
        motion, state = self.group.motions[place], self.now.of(place)
        return Followed(motion=motion, place=place, newest=newest, state=state, held=self)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Followed:
    """A signal today, with those it moves with; `newest`: the moment of its own newest reading."""

    motion: Motion
    place: int
    newest: datetime
    state: State
    held: Held


@dataclass(frozen=True, kw_only=True)
class Futures:
    """The futures of one patient from `start` on, so many months far: the first of longer ones, digit by digit.

    Draws depend on the signal's key alone, so a patient gets the same digits alone or in a batch, in any order.
    """

    start: datetime
    age: float | None
    followed: Mapping[str, Followed]
    months: int = MONTHS
    _levels: dict[str, Array] = field(default_factory=dict, repr=False)

    def ages(self) -> Array | None:
        """Return the age at each month (1, M), or None where it is not known."""
        if self.age is None:
            return None
        return np.float64(self.age) + np.arange(self.months + 1, dtype=np.float64)[np.newaxis, :] * np.float64(
            MONTH_YEARS
        )

    def levels(self, key: str) -> Array | None:
        """Return the simulated levels of a signal (PATHS, M), canonical unit, or None where nothing is known of it.

        Drawn together with those it moves with.
        """
        signal = self.followed.get(key)
        if signal is None:
            return None
        name = signal.held.group.name
        if name not in self._levels:
            group = signal.held.group
            self._levels[name] = sample(group, signal.held.now, draws(group.keys), self.months + 1, MONTH_YEARS)
        return np.asarray(self._levels[name][signal.place])

    def without_trend(self, key: str) -> Array:
        """Return the levels of a signal as if its expected course stood still from today on."""
        signal, levels = self.followed[key], self.levels(key)
        assert levels is not None
        course = mean_path(signal.motion, signal.state, self.months + 1, MONTH_YEARS)
        drift = course - course[0]
        return signal.motion.bound(levels * np.exp(-drift) if signal.motion.scale == "log" else levels - drift)

    def drift(self, key: str, months: int) -> float:
        """Return the expected change of a signal over `months`, working scale."""
        signal = self.followed[key]
        course = mean_path(signal.motion, signal.state, months + 1, MONTH_YEARS)
        return float(course[-1] - course[0])

    def scaled(self, factor: float, keys: tuple[str, ...]) -> "Futures":
        """The same patient, these signals followed again with drift and wander scaled by `factor`."""
        chosen = {key: self.followed[key] for key in keys if key in self.followed}
        held = {each.held.group.name: each.held for each in chosen.values()}
        scaled = {name: each.scaled(factor) for name, each in held.items()}
        followed = {key: scaled[each.held.group.name].follow(each.place, each.newest) for key, each in chosen.items()}
        return Futures(start=self.start, age=self.age, followed=followed, months=self.months)


@lru_cache(maxsize=128)
def draws(keys: tuple[str, ...]) -> Array:
    """Return the standard normal draws of signals (PATHS / 2, M, 2K), levels then slopes.

    The other half of the paths mirrors them.
    """
    every = np.stack([_draws(key) for key in keys], axis=3)  # (PATHS / 2, M, 2, K)
    flat = every.reshape(PATHS // 2, MONTHS + 1, 2 * len(keys))
    flat.setflags(write=False)
    return flat


def _draws(key: str) -> Array:
    seed = int.from_bytes(sha256(key.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal((PATHS // 2, MONTHS + 1, 2))

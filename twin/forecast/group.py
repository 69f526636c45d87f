"""Which signals move together, and how: their dynamics as the matrices that the filter takes.

Signals that nothing links are groups of one. A group may span organs: what one organ says of another lives here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from twin.forecast.motion import Motion, Together, motions, on_adoption, together

Array = NDArray[np.float64]
Start = tuple[Array, Array, Array, Array]


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """K signals that move together, in the order of `motions`.

    Attributes:
        prior: (2K, 2K) covariance of levels and slopes before any reading. drift: (K, K), stationary, of the slopes.
        wander: (K, K) a year.
    """

    motions: tuple[Motion, ...]
    prior: Array
    drift: Array
    wander: Array

    @property
    def keys(self) -> tuple[str, ...]:
        """The signals."""
        return tuple(motion.key for motion in self.motions)

    @property
    def name(self) -> str:
        """The name under which a state is kept."""
        return "+".join(self.keys)

    @property
    def relaxation(self) -> float:
        """The time in which a drift fades, years; one for all."""
        return self.motions[0].relaxation

    def start(self, ageing: str | None) -> Start:
        """Return what is known before any entry: x (2K,), p (2K, 2K), trend (K,), tally (K, 4).

        Args:
            ageing: the sex whose course with age is expected; None where none is.
        """
        count = len(self.motions)
        x = np.concatenate(([motion.centre for motion in self.motions], np.zeros(count)))
        trend = np.array([0.0 if ageing is None else motion.trend(ageing) for motion in self.motions])
        return x, self.prior.copy(), trend, np.zeros((count, 4))

    def scaled(self, factor: float) -> "Group":
        """The same signals moving `factor` times as much."""
        return joined(tuple(motion.scaled(factor) for motion in self.motions), _among(self.keys))


def alone(motion: Motion) -> Group:
    """Return the group of one signal that nothing is linked with."""
    return joined((motion,), ())


def group_of(key: str) -> Group:
    """Return the group that a signal is in."""
    return _of()[key]


def groups(keys: Iterable[str]) -> tuple[Group, ...]:
    """Return the groups that these signals are in, each once."""
    return tuple({group_of(key).name: group_of(key) for key in keys}.values())


def with_linked(keys: Iterable[str]) -> frozenset[str]:
    """Return the keys, with every signal that moves with one of them; a key that is no followed signal stays alone."""
    asked = frozenset(keys)
    return asked.union(*(group_of(key).keys for key in asked if key in _of()))


@cache
def _of() -> Mapping[str, Group]:
    """The group of every signal."""
    members = {key: {key} for key in motions()}
    for link in together():
        both = members[link.first] | members[link.second]
        for key in both:
            members[key] = both
    made: dict[str, Group] = {}
    for key, motion in motions().items():
        if key not in made:
            linked = {other: moves for other, moves in motions().items() if other in members[motion.key]}
            made |= dict.fromkeys(linked, joined(tuple(linked.values()), _among(tuple(linked))))
    return MappingProxyType(made)


def joined(members: tuple[Motion, ...], links: Iterable[Together]) -> Group:
    """Return the group of these signals with these links.

    Raises:
        ValueError: no such correlations can be, all at once.
    """
    places = {motion.key: place for place, motion in enumerate(members)}
    levels, changes = np.eye(len(members)), np.eye(len(members))
    for link in links:
        here = (places[link.first], places[link.second])
        for matrix, share in ((levels, link.level), (changes, link.change)):
            matrix[here] = matrix[here[::-1]] = share
    for matrix in (levels, changes):
        if np.linalg.eigvalsh(matrix)[0] <= 0:
            raise ValueError(f"together.csv: the correlations of {', '.join(places)} contradict each other")
    spread, slope, wander = (
        np.array([getattr(motion, name) for motion in members]) for name in ("spread", "slope_sd", "wander")
    )
    drift = changes * np.outer(slope, slope)
    nothing = np.zeros_like(drift)
    return Group(
        motions=members,
        prior=np.block([[levels * np.outer(spread, spread), nothing], [nothing, drift]]),
        drift=drift,
        wander=changes * np.outer(wander, wander),
    )


@cache
def _among(keys: tuple[str, ...]) -> tuple[Together, ...]:
    return tuple(link for link in together() if link.first in keys and link.second in keys)


@on_adoption
def _again() -> None:
    """Other dynamics were adopted: other groups, made now so that links that can't be are told now."""
    _of.cache_clear()
    _among.cache_clear()
    _of()

"""Signals followed in tests: one alone, or three that are linked by hand."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from twin.forecast.dynamics import GroupState, Observation, at_time, follow, reading
from twin.forecast.group import Group, alone
from twin.forecast.motion import Motion, motion
from twin.forecast.result import State

LEVELS = np.array([[1.0, 0.6, -0.3], [0.6, 1.0, 0.1], [-0.3, 0.1, 1.0]])
"""Correlations of the levels between people."""
CHANGES = np.array([[1.0, 0.7, -0.4], [0.7, 1.0, -0.2], [-0.4, -0.2, 1.0]])
"""Correlations of the changes in one."""


def last(moves: Motion, seen: Sequence[Observation]) -> GroupState:
    """Return the state after the newest observation of a signal that nothing is linked with."""
    return follow(alone(moves), [reading(item) for item in seen]).last


def today(moves: Motion, seen: Sequence[Observation], at: datetime) -> State:
    """Return where a signal that nothing is linked with stands at `at`."""
    return at_time(alone(moves), last(moves, seen), at).of(0)


def linked(first: str, second: str, third: str) -> Group:
    """Return three signals that move together by `LEVELS` and `CHANGES`, whatever `dynamics.toml` says of them."""
    members = (motion(first), motion(second), motion(third))
    spread = np.array([each.spread for each in members])
    slope = np.array([each.slope_sd for each in members])
    wander = np.array([each.wander for each in members])
    prior = np.zeros((6, 6))
    prior[:3, :3] = LEVELS * np.outer(spread, spread)
    prior[3:, 3:] = CHANGES * np.outer(slope, slope)
    return Group(motions=members, prior=prior, drift=prior[3:, 3:].copy(), wander=CHANGES * np.outer(wander, wander))

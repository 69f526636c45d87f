"""A score along the simulated futures: its formula on every path and month, never a model of its own."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.forecast.futures import Futures
from twin.record.fact import Absent
from twin.record.signal import signal
from twin.scores import score as score_by_key
from twin.scores.answer import read_inputs
from twin.scores.base import Score, evaluate
from twin.scores.gather import Found

Array = NDArray[np.float64]
Levels = Callable[[str], Array | None]
"""The levels to use for a signal: the futures' own, or some of them held still."""


def score_paths(
    score: Score, found: tuple[Found, ...], levels: Levels, ages: Array | None
) -> Mapping[str, Array] | Absent:
    """Return every output of `score` along the paths, NaN where it is not defined.

    Args:
        found: the inputs as they stand today; what is not measured (sex, diseases, settings) stays as it is.
        levels: (P, M) canonical levels by signal. ages: (1, M) years.
    """
    today = read_inputs(
        score,
        {item.item.key: item.value for item in found},
        {item.item.key: item.unit for item in found if item.unit},
    )
    if isinstance(today, Absent):
        return today
    given: dict[str, Any] = dict(today)
    for item in found:
        moving = _moving(item, levels, ages)
        if moving is not None:
            given[item.item.key] = moving
    return evaluate(score, given)


def moving_keys(found: tuple[Found, ...], futures: Futures) -> tuple[str, ...]:
    """The signals a score moves with, then `age` if it does: the drivers it can have."""
    keys: dict[str, None] = {}
    for item in found:
        if item.where is not None and item.where.kind == "signal" and item.where.key in futures.followed:
            keys[item.where.key] = None
        keys |= dict.fromkeys(key for key in moving_keys(item.parts, futures) if key != "age")
    if futures.age is not None and _takes_age(found):
        keys["age"] = None
    return tuple(keys)


def _takes_age(found: tuple[Found, ...]) -> bool:
    return any((item.where is not None and item.where.kind == "age") or _takes_age(item.parts) for item in found)


def _moving(item: Found, levels: Levels, ages: Array | None) -> Array | None:
    if item.where is None:
        return None
    match item.where.kind:
        case "signal":
            canonical = levels(item.where.key)
            if canonical is None:
                return None
            linear = signal(item.where.key).conversions[item.item.unit]
            return (canonical - linear.offset) / linear.factor
        case "age":
            return ages
        case "score":
            nested = score_paths(score_by_key(item.where.key), item.parts, levels, ages)
            assert not isinstance(nested, Absent)  # its value today is among the inputs that were read
            return nested[item.where.output]
        case _:
            return None

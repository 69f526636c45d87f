"""What a score is: a published equation, the inputs it may be fed with, and the answer or the reason why there is none.

The rules of an answer (`formulas.md` section 0): an impossible or missing input, an unknown unit or code, or a person
the source defines no result for make the whole answer absent; a possible input outside the validated range gives the
value with a caution. Nothing is clamped but what the published rule itself clamps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Formula = Callable[..., "Array | Mapping[str, Array]"]
Given = Mapping[str, Any]
"""Inputs as read: a float per number, 1.0 or 0.0 per yes/no, the code's meaning per choice (a float or a name, hence
Any), None where not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """A range of values; an end that is None is open to infinity, and `*_open` leaves the end itself out."""

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    def holds(self, values: Array) -> NDArray[np.bool_]:
        """Return True where a value lies inside."""
        inside = np.isfinite(values)
        if self.low is not None:
            inside &= values > self.low if self.low_open else values >= self.low
        if self.high is not None:
            inside &= values < self.high if self.high_open else values <= self.high
        return inside


POSITIVE = Range(low=0.0, low_open=True)
"""For what the formula divides by, or takes a root or a logarithm of."""


def completed_years(first: int | None, last: int | None = None) -> Range:
    """Ages in completed years, both included: 30-79 holds 79.9."""
    return Range(low=first, high=None if last is None else last + 1, high_open=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Where the twin finds an input.

    `signal` key: the trajectory or latest value; `code` key, output: 1 where the coded signal has this code;
    `age`, `sex`; `concept` key: 1 where the record has it; `score` key, output: another score's answer;
    `site` key: a setting of this site.
    """

    kind: Literal["signal", "code", "age", "sex", "concept", "score", "site"]
    key: str = ""
    output: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One input of a score.

    `unit` is what the formula takes; `signal` names whose units and plausible range hold for it. `choices` maps the
    codes that are understood to what the formula receives. A `default` is an assumption and is always shown as one;
    `optional` inputs reach the formula as None; `lasting` ones (adult height) do not go stale. Ranges are in `unit`:
    outside `possible` the answer is absent, outside `population` the source defines none, outside `validated` it
    carries a caution.
    """

    key: str
    unit: str = ""
    kind: Literal["number", "yes_no", "choice"] = "number"
    signal: str | None = None
    find: tuple[Where, ...] = ()
    choices: Mapping[object, float | str] = field(default_factory=dict)
    default: float | str | None = None
    optional: bool = False
    lasting: bool = False
    possible: Range = Range()
    population: Range = Range()
    validated: Range = Range()


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One key of the answer. `whole`: the published result is a whole number."""

    key: str
    unit: str = "1"
    whole: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """A published equation.

    `formula` takes the inputs by key as NumPy arrays (or scalars) and gives one array, or one per output; NaN where an
    output cannot be had from the optional inputs given. `refuses` returns the input's key where two inputs together lie
    outside the population. `excludes` are concepts for which the source defines no result; `confounders` are concepts
    with which the result misleads, each with the sentence to show. `warnings` always travel with the answer.
    """

    key: str
    inputs: tuple[Input, ...]
    formula: Formula
    outputs: tuple[Output, ...] = (Output(key="value"),)
    category: Callable[[Mapping[str, float], Given], str | None] = lambda outputs, given: None
    refuses: Callable[[Given], str | None] = lambda given: None
    source: str
    reviewed: str
    verification: Literal["verified", "reconstructed", "single_source", "unverified"]
    excludes: tuple[str, ...] = ()
    confounders: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The unit of the first output."""
        return self.outputs[0].unit


def evaluate(score: Score, given: Given) -> dict[str, Array]:
    """Return every output as an array, NaN where an input is impossible or outside the population.

    Args:
        given: numbers as scalars or arrays that broadcast together, in the units of the score's inputs.

    One person, a population and a thousand simulated futures take this same way, so the digits are the same.
    """
    arrays = {
        key: np.atleast_1d(np.asarray(value, dtype=np.float64)) if not isinstance(value, str) else value
        for key, value in given.items()
        if value is not None
    }
    shape = np.broadcast_shapes(*(value.shape for value in arrays.values() if isinstance(value, np.ndarray)))
    defined = np.ones(shape, dtype=bool)
    for item in score.inputs:
        values = arrays.get(item.key)
        if item.kind == "number" and isinstance(values, np.ndarray):
            defined = defined & item.possible.holds(values) & item.population.holds(values)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        result = score.formula(**{item.key: arrays.get(item.key) for item in score.inputs})
    named = result if isinstance(result, Mapping) else {score.outputs[0].key: result}
    return {key: np.where(defined, np.broadcast_to(values, shape), np.nan) for key, values in named.items()}

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
Any), the sum of the codes' meanings per set of codes, None where not known. Arrays of these for a population."""
Verification = Literal["verified", "reconstructed", "single_source", "unverified"]
"""How far a formula was compared with its source: against two copies or printed numbers; rebuilt from rounded numbers;
with one source or one implementation only; not at all (recalled)."""
Reason = Literal["missing_input", "bad_unit", "bad_code", "impossible_value", "outside_population", "no_growth"]
"""Why a score says nothing (`formulas.md` section 0)."""


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


ANY = Range()
POSITIVE = Range(low=0.0, low_open=True)
"""For what the formula divides by, or takes a root or a logarithm of."""


def completed_years(first: int | None, last: int | None = None) -> Range:
    """Ages in completed years, both included: 30-79 holds 79.9."""
    return Range(low=first, high=None if last is None else last + 1, high_open=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Where the twin finds an input.

    `signal` key: the trajectory or latest value; `code` key, output: 1 where the coded signal has one of these codes
    (several with `|` between), or the code itself where `output` is empty; `age`, `sex`; `concept` key: 1 where the
    record has it; `weekly` key: 1 where it has it twice within a week; `concepts`: 1 where it has any of `among`, and
    for a set of codes each code of (code, concept) whose concept it has; `score` key, output: another score's answer;
    `site` key: a setting of this site.
    """

    kind: Literal["signal", "code", "age", "sex", "concept", "weekly", "concepts", "score", "site"]
    key: str = ""
    output: str = ""
    among: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One input of a score.

    `unit` is what the formula takes; `signal` names whose units and plausible range hold for it. `choices` maps the
    codes that are understood to what the formula receives, `undefined` are codes of people the source has no result
    for; of a set of codes (kind `codes`) each means a power of two. `units` are other spellings of `unit`; `whole`: no
    fraction makes sense. A `default` is an assumption and is always shown as one; `optional` inputs reach the formula
    as None; `lasting` ones (adult height) do not go stale. Ranges are in `unit`: outside `possible` the answer is
    absent, outside `population` the source defines none, outside `validated` it carries a caution.
    """

    key: str
    unit: str = ""
    kind: Literal["number", "yes_no", "choice", "codes"] = "number"
    signal: str | None = None
    find: tuple[Where, ...] = ()
    choices: Mapping[object, float | str] = field(default_factory=dict)
    undefined: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    whole: bool = False
    default: float | str | None = None
    optional: bool = False
    lasting: bool = False
    possible: Range = Range()
    population: Range = Range()
    validated: Range = Range()


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One key of the answer. `whole`: the published result is a whole number.

    `names`: what the numbers of the formula stand for, where the published result is a class, an interval or a word.
    """

    key: str
    unit: str = "1"
    whole: bool = False
    names: Mapping[float, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Inputs that are possible one by one and together have no result: `input` is the one that is named.

    `when` takes what the formula takes and is True for those who are refused.
    """

    input: str
    reason: Reason
    when: Callable[..., NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """A published equation.

    `formula` takes the inputs by key as NumPy arrays (or scalars) and gives one array, or one per output; NaN where an
    output cannot be had from the optional inputs given. `refusals` are asked in order. `excludes` are concepts for
    which the source defines no result, or which it does not hold for; `confounders` are concepts with which the result
    misleads, each with the sentence to show. `needs`: a score for people with a disease asks a record for one of
    these, inputs given by hand are not asked. `warnings` always travel with the answer. `min_age` in years is for a
    score that takes no age: whose record tells a younger age gets no answer. Inputs given by hand are not asked for it.
    """

    key: str
    inputs: tuple[Input, ...]
    formula: Formula
    outputs: tuple[Output, ...] = (Output(key="value"),)
    category: Callable[[Mapping[str, float], Given], str | None] = lambda outputs, given: None
    refusals: tuple[Refusal, ...] = ()
    source: str
    reviewed: str
    verification: Verification
    excludes: tuple[str, ...] = ()
    needs: tuple[Where, ...] = ()
    min_age: float | None = None
    confounders: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The unit of the first output."""
        return self.outputs[0].unit


def evaluate(score: Score, given: Given) -> dict[str, Array]:
    """Return every output as an array, NaN where an input is impossible, outside the population or refused.

    Args:
        given: numbers as scalars or arrays that broadcast together, in the units of the score's inputs.

    One person, a population and a thousand simulated futures take this same way, so the digits are the same.
    """
    arrays, shape = _arrays(given)
    defined = np.ones(shape, dtype=bool)
    for item in score.inputs:
        values = arrays.get(item.key)
        if item.kind == "number" and isinstance(values, np.ndarray):
            defined = defined & item.possible.holds(values) & item.population.holds(values)
    taken = {item.key: arrays.get(item.key) for item in score.inputs}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for refusal in score.refusals:
            defined = defined & ~refusal.when(**taken)
        result = score.formula(**taken)
    named = result if isinstance(result, Mapping) else {score.outputs[0].key: result}
    return {key: np.where(defined, np.broadcast_to(values, shape), np.nan) for key, values in named.items()}


def refused(refusal: Refusal, score: Score, given: Given) -> NDArray[np.bool_]:
    """Return True for those whom one refusal of the score is about."""
    arrays, shape = _arrays(given)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.broadcast_to(refusal.when(**{item.key: arrays.get(item.key) for item in score.inputs}), shape)


def _arrays(given: Given) -> tuple[dict[str, Any], tuple[int, ...]]:
    """The inputs that are known, each number as a contiguous array (strides can change the last digit), and the shape.

    Any: a choice may be a name.
    """
    arrays = {
        key: np.atleast_1d(np.ascontiguousarray(value, dtype=np.float64)) if not isinstance(value, str) else value
        for key, value in given.items()
        if value is not None
    }
    return arrays, np.broadcast_shapes(*(value.shape for value in arrays.values() if isinstance(value, np.ndarray)))

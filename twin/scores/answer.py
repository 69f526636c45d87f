"""What a score says for one set of inputs: outputs with a category and cautions, or the reason why it says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from twin.record.fact import Absent
from twin.record.signal import signal
from twin.record.units import from_canonical, read_unit
from twin.scores.base import Given, Input, Score, evaluate

_SPELLINGS_OF_YEARS = ("a", "year", "years", "yr", "y")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A score's answer. `absent` is None or the reason; `detail` names the input that decided it.

    `cautions` and `assumed` are the keys of inputs outside the validated range, and of those that took their default.
    """

    outputs: Mapping[str, float] = field(default_factory=dict)
    unit: str
    category: str | None = None
    cautions: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    absent: str | None = None
    detail: str = ""

    @property
    def caution(self) -> bool:
        """True where an input lies outside the range the score was validated in."""
        return bool(self.cautions)


def calculate(score: Score, inputs: Mapping[str, object], units: Mapping[str, object] | None = None) -> Answer:
    """Return the answer of `score` for inputs as received.

    Args:
        inputs: by input key; None counts as not given. What the score does not know has no meaning.
        units: UCUM unit by input key; without one the unit of the score's input holds.
    """
    given = read_inputs(score, inputs, units)
    if isinstance(given, Absent):
        return _absent(score, given.reason, given.detail)
    numbers = [
        (item, given[item.key]) for item in score.inputs if item.kind == "number" and given[item.key] is not None
    ]
    for item, value in numbers:
        if not item.population.holds(np.atleast_1d(np.float64(value)))[0]:
            return _absent(score, "outside_population", item.key)
    refused = score.refuses(given)
    if refused is not None:
        return _absent(score, "outside_population", refused)
    outputs = _outputs(score, given)
    if not outputs:
        return _absent(score, "missing_input", ", ".join(item.key for item in score.inputs if item.optional))
    return Answer(
        outputs=outputs,
        unit=score.unit,
        category=score.category(outputs, given),
        cautions=tuple(
            item.key for item, value in numbers if not item.validated.holds(np.atleast_1d(np.float64(value)))[0]
        ),
        assumed=tuple(item.key for item in score.inputs if item.default is not None and inputs.get(item.key) is None),
    )


def read_inputs(
    score: Score, inputs: Mapping[str, object], units: Mapping[str, object] | None = None
) -> Given | Absent:
    """Return what the formula receives, or the reason why an input can't be had; populations are not looked at."""
    given: dict[str, Any] = {}
    for item in score.inputs:
        raw = inputs.get(item.key)
        raw = item.default if raw is None else raw
        if raw is None and not item.optional:
            return Absent(reason="missing_input", detail=item.key)
        read = None if raw is None else _read(item, raw, (units or {}).get(item.key))
        if isinstance(read, Absent):
            return read
        given[item.key] = read
    return given


def _outputs(score: Score, given: Given) -> dict[str, float]:
    evaluated = evaluate(score, given)
    found = {output.key: float(evaluated[output.key][0]) for output in score.outputs}
    whole = {output.key for output in score.outputs if output.whole}
    return {key: int(value) if key in whole else value for key, value in found.items() if isfinite(value)}


def _absent(score: Score, reason: str, detail: str) -> Answer:
    return Answer(unit=score.unit, absent=reason, detail=detail)


def _read(item: Input, raw: object, unit: object) -> float | str | Absent:
    if item.kind == "choice":
        known = isinstance(raw, str | int | float) and raw in item.choices
        return item.choices[raw] if known else Absent(reason="bad_code", detail=item.key)
    if item.kind == "yes_no":
        known = isinstance(raw, bool | int | float) and raw in (0, 1)
        return float(bool(raw)) if known else Absent(reason="bad_code", detail=item.key)
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return Absent(reason="bad_code", detail=item.key)
    value = _in_unit(item, raw, unit)
    if isinstance(value, Absent):
        return value
    if not item.possible.holds(np.atleast_1d(np.float64(value)))[0]:
        return Absent(reason="impossible_value", detail=item.key)
    return value


def _in_unit(item: Input, raw: float, unit: object) -> float | Absent:
    """Return `raw` in the unit of the input; impossible where it lies outside the signal's plausible range."""
    try:
        number = float(raw)
    except OverflowError:
        return Absent(reason="impossible_value", detail=item.key)
    if not isfinite(number):
        return Absent(reason="impossible_value", detail=item.key)
    if item.signal is None:
        return number if unit is None or _is_unit(item, unit) else Absent(reason="bad_unit", detail=item.key)
    measured = signal(item.signal)
    read = read_unit(item.unit if unit is None else str(unit), measured)
    if read is None or read not in measured.conversions:
        return Absent(reason="bad_unit", detail=item.key)
    linear = measured.conversions[read]
    canonical = linear.factor * number + linear.offset
    low, high = measured.plausible
    if (low is not None and canonical < low) or (high is not None and canonical > high):
        return Absent(reason="impossible_value", detail=item.key)
    return number if read == item.unit else from_canonical(canonical, item.unit, measured)


def _is_unit(item: Input, unit: object) -> bool:
    return unit == item.unit or (item.unit == "a" and unit in _SPELLINGS_OF_YEARS)

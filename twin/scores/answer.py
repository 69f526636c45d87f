"""What a score says for one set of inputs: outputs with a category and cautions, or the reason why it says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.record.fact import Absent
from twin.record.signal import signal
from twin.record.units import conversion
from twin.record.units.ucum import measure
from twin.scores.base import Given, Input, Range, Score, evaluate, refused

Flags = NDArray[np.bool_]
_SPELLINGS_OF_YEARS = ("a", "year", "years", "yr", "y")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A score's answer. `absent` is None or the reason; `detail` names the input that decided it.

    `named` are the outputs that are a class or a word, as published; `outputs` has the formula's number for each.
    `cautions` and `assumed` are the keys of inputs outside the validated range, and of those that took their default.
    """

    outputs: Mapping[str, float] = field(default_factory=dict)
    named: Mapping[str, object] = field(default_factory=dict)
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
    for refusal in score.refusals:
        if refused(refusal, score, given).all():
            return _absent(score, refusal.reason, refusal.input)
    outputs = _outputs(score, given)
    if not outputs:
        lacking = [item.key for item in score.inputs if item.optional and given[item.key] is None]
        return _absent(score, "missing_input" if lacking else "impossible_value", ", ".join(lacking))
    return Answer(
        outputs=outputs,
        named={each.key: each.names[outputs[each.key]] for each in score.outputs if each.names and each.key in outputs},
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
        raw, unit = inputs.get(item.key), (units or {}).get(item.key)
        if raw is None:
            raw, unit = item.default, None  # a unit of what was not given has no meaning
        if raw is None and not item.optional:
            return Absent(reason="missing_input", detail=item.key)
        value = None if raw is None else read(item, raw, unit)
        if isinstance(value, Absent):
            return value
        given[item.key] = value
    return given


def _outputs(score: Score, given: Given) -> dict[str, float]:
    evaluated = evaluate(score, given)
    found = {output.key: float(evaluated[output.key][0]) for output in score.outputs}
    whole = {output.key for output in score.outputs if output.whole}
    return {key: int(value) if key in whole else value for key, value in found.items() if isfinite(value)}


def _absent(score: Score, reason: str, detail: str) -> Answer:
    return Answer(unit=score.unit, absent=reason, detail=detail)


def read(item: Input, raw: object, unit: object) -> float | str | Absent:
    """Return one input as the formula takes it, or why it can't be taken."""
    match item.kind:
        case "choice":
            return _code(item, raw)
        case "codes":
            return _codes(item, raw)
        case "yes_no":
            known = isinstance(raw, bool | int | float) and raw in (0, 1)
            return float(bool(raw)) if known else Absent(reason="bad_code", detail=item.key)
        case "number":
            return _number(item, raw, unit)


def _code(item: Input, raw: object) -> float | str | Absent:
    if isinstance(raw, str | int | float) and raw in item.choices:
        return item.choices[raw]
    reason = "outside_population" if isinstance(raw, str) and raw in item.undefined else "bad_code"
    return Absent(reason=reason, detail=item.key)


def _codes(item: Input, raw: object) -> float | Absent:
    """The sum of the powers of two that the codes of a list, or of a text with blanks between, mean; each once."""
    raw = raw.split() if isinstance(raw, str) else raw
    if not isinstance(raw, list | tuple | set | frozenset):
        return Absent(reason="bad_code", detail=item.key)
    known = [item.choices.get(code) if isinstance(code, str) else None for code in raw]
    bits = {float(bit) for bit in known if bit is not None}
    return sum(bits, 0.0) if None not in known else Absent(reason="bad_code", detail=item.key)


def _number(item: Input, raw: object, unit: object) -> float | Absent:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return Absent(reason="bad_code", detail=item.key)
    try:
        number = float(raw)
    except OverflowError:
        return Absent(reason="impossible_value", detail=item.key)
    converted = in_unit(item, np.atleast_1d(np.float64(number)), unit)
    if isinstance(converted, Absent):
        return converted
    values, is_possible = converted
    return float(values[0]) if is_possible[0] else Absent(reason="impossible_value", detail=item.key)


def in_unit(item: Input, numbers: NDArray[np.float64], unit: object) -> tuple[NDArray[np.float64], Flags] | Absent:
    """Return numbers in the unit of the input, and which of them are possible; Absent for a unit of another kind.

    Possible: finite, in the signal's plausible range and the input's own, and whole where it must be.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        converted = _converted(item, numbers, unit)
        if isinstance(converted, Absent):
            return converted
        values, is_plausible = converted
        is_possible = is_plausible & item.possible.holds(values)
        return values, is_possible & (np.floor(values) == values) if item.whole else is_possible


def _converted(item: Input, numbers: NDArray[np.float64], unit: object) -> tuple[NDArray[np.float64], Flags] | Absent:
    stated = item.unit if unit is None or unit in item.units else unit
    refusal = Absent(reason="bad_unit", detail=item.key)
    if not isinstance(stated, str):
        return refusal
    if item.signal is None:
        factor = _factor(item, stated)
        return refusal if factor is None else (numbers if factor == 1.0 else factor * numbers, np.isfinite(numbers))
    measured = signal(item.signal)
    read = conversion(stated, measured)
    if read is None or read.transform is not None:
        return refusal
    canonical = read.factor * numbers + read.offset
    plausible = Range(low=measured.plausible[0], high=measured.plausible[1]).holds(canonical)
    wanted = measured.conversions[item.unit]
    return (numbers if read.unit == item.unit else (canonical - wanted.offset) / wanted.factor), plausible


def _factor(item: Input, stated: str) -> float | None:
    """What a value in `stated` is multiplied by; None where it measures something else. Ages are told in years only."""
    if stated == item.unit or (item.unit == "a" and stated in _SPELLINGS_OF_YEARS):
        return 1.0
    given, wanted = measure(stated), measure(item.unit)
    if item.unit in ("a", "1") or given is None or wanted is None or not given.is_like(wanted):
        return None
    return given.factor / wanted.factor if not (given.annotations or wanted.annotations) else None

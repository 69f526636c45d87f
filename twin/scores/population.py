"""What does a score say of a whole table of people at once, digit for digit as of each of them alone?"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, TypeGuard, get_args

import numpy as np
from numpy.typing import NDArray

from twin.record.fact import Absent
from twin.scores.answer import Flags, in_unit, read
from twin.scores.base import Array, Given, Input, Reason, Score, evaluate, refused

Column = Sequence[Any] | NDArray[Any]
"""One input of everybody: numbers, codes or lists of codes, hence Any. None or NaN is not given."""
CHUNK = 8_192  # rows: the arrays of a formula then stay in the processor's cache
_REASONS: tuple[str, ...] = ("", *get_args(Reason))
_MISSING = _REASONS.index("missing_input")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """One entry a row in each array: the outputs (NaN where there is none), a caution, and None or why it is absent.

    An output that is a class or a word stands as its number; `Output.names` says what it means.
    """

    outputs: Mapping[str, Array]
    caution: Flags
    absent: NDArray[np.object_]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """A column as the formula takes it: numbers or, for a choice of models, words with the number of each in `word`.

    `reason` by number, 0 = none.
    """

    values: NDArray[Any]  # floats, or words
    is_given: Flags
    reason: NDArray[np.int8]
    word: NDArray[np.intp] | None = None


def answer_table(
    score: Score, columns: Mapping[str, Column | object], units: Mapping[str, str] | None = None
) -> Answers:
    """Return the answers of `score` to everybody in a table.

    Args:
        columns: (N,) by input key; one value stands for everybody. What is left out is not given.
        units: UCUM unit of a column; without one the unit of the score's input holds.

    Raises:
        ValueError: the columns have different lengths.
    """
    rows = _rows(columns)
    inputs = {
        item.key: _column(item, columns.get(item.key), (units or {}).get(item.key), rows) for item in score.inputs
    }
    absent = np.zeros(rows, dtype=np.int8)
    for column in inputs.values():
        _note(absent, column.reason > 0, column.reason)
    caution = np.zeros(rows, dtype=bool)
    for item in score.inputs:
        if item.kind == "number":
            column = inputs[item.key]
            outside = column.is_given & ~item.population.holds(column.values)
            _note(absent, outside, _REASONS.index("outside_population"))
            caution |= column.is_given & ~item.validated.holds(column.values)
    outputs = {output.key: np.full(rows, np.nan) for output in score.outputs}
    for members, given in _alike(score, inputs, np.flatnonzero(absent == 0)):
        part = absent[members]
        for refusal in score.refusals:
            _note(part, refused(refusal, score, given), _REASONS.index(refusal.reason))
        found = evaluate(score, given)
        has_none = ~np.logical_or.reduce([np.isfinite(values) for values in found.values()])
        lacks = any(item.optional and given[item.key] is None for item in score.inputs)
        _note(part, has_none, _MISSING if lacks else _REASONS.index("impossible_value"))
        absent[members] = part
        for key, values in outputs.items():
            values[members] = np.where((part == 0) & np.isfinite(found[key]), found[key], np.nan)
    words = np.array([None, *_REASONS[1:]], dtype=object)
    return Answers(outputs=outputs, caution=caution & (absent == 0), absent=words[absent])


def _rows(columns: Mapping[str, Column | object]) -> int:
    lengths = {len(column) for column in columns.values() if _is_column(column)}
    if len(lengths) > 1:
        raise ValueError(f"columns of different lengths: {sorted(lengths)}")
    return lengths.pop() if lengths else 1


def _is_column(column: object) -> TypeGuard[Column]:
    if isinstance(column, str) or getattr(column, "ndim", 1) == 0:
        return False
    return isinstance(column, Sequence) or hasattr(column, "tolist")


def _note(absent: NDArray[np.int8], where: Flags, reason: int | NDArray[np.int8]) -> None:
    """Write a reason where none stands yet: the first one counts."""
    new = where & (absent == 0)
    absent[new] = reason if isinstance(reason, int) else reason[new]


def _column(item: Input, column: object, unit: str | None, rows: int) -> _Read:
    numbers = _plain(column) if item.kind == "number" and _is_column(column) else None
    if numbers is not None:
        return _numbers(item, numbers, unit)
    different, of = _different(_listed(column)) if _is_column(column) else ([column], np.zeros(rows, dtype=np.intp))
    found = [_one(item, value, unit) for value in different]
    words = any(isinstance(value, str) for value in found)
    nothing: Any = "" if words else np.nan
    values = [nothing if value is None or isinstance(value, Absent) else value for value in found]
    reasons = [_REASONS.index(value.reason) if isinstance(value, Absent) else 0 for value in found]
    is_given = [value is not None and not isinstance(value, Absent) for value in found]
    return _Read(
        values=np.array(values, dtype=object if words else np.float64)[of],
        is_given=np.array(is_given, dtype=bool)[of],
        reason=np.array(reasons, dtype=np.int8)[of],
        word=of if words else None,
    )


def _listed(column: Any) -> list[Any]:  # Any: whatever a caller has
    values = column.tolist() if hasattr(column, "tolist") else list(column)
    return [value.item() if isinstance(value, np.generic) else value for value in values]


def _plain(column: Column) -> Array | None:
    """The column as floats where it is nothing but numbers; a list may hide a yes among them."""
    if not hasattr(column, "dtype") and not set(map(type, column)) <= {int, float}:
        return None
    array = np.asarray(column)
    return array.astype(np.float64) if array.dtype.kind in "fiu" else None


def _numbers(item: Input, numbers: Array, unit: str | None) -> _Read:
    """A column of numbers, all at once."""
    is_given = ~np.isnan(numbers)
    missing = 0 if item.optional else _MISSING
    reason = np.where(is_given, 0, missing).astype(np.int8)
    default = _default(item)
    converted = in_unit(item, numbers, unit)
    if isinstance(converted, Absent):
        values, is_possible = numbers, np.zeros(len(numbers), dtype=bool)
        reason[is_given] = _REASONS.index(converted.reason)
    else:
        values, is_possible = converted
        reason[is_given & ~is_possible] = _REASONS.index("impossible_value")
    if isinstance(default, float):
        reason[~is_given] = 0
        values = np.where(is_given, values, default)
        return _Read(values=values, is_given=is_possible | ~is_given, reason=reason)
    return _Read(values=np.where(is_possible, values, np.nan), is_given=is_given & is_possible, reason=reason)


def _different(column: Column) -> tuple[list[Any], NDArray[np.intp]]:
    """Each value once, and which of them stands in each row; True is not 1, and lists are not compared."""
    dtype = getattr(column, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        found, of = np.unique(np.asarray(column), return_inverse=True)
        return found.tolist(), of
    raw = _listed(column)
    is_plain = set(map(type, raw)) <= {str}
    keys = raw if is_plain else [(type(v), v if isinstance(v, Hashable) else n) for n, v in enumerate(raw)]
    first: dict[object, int] = {}
    for row, key in enumerate(keys):
        first.setdefault(key, row)
    index = {key: number for number, key in enumerate(first)}
    return [raw[row] for row in first.values()], np.array([index[key] for key in keys], dtype=np.intp)


def _one(item: Input, raw: object, unit: str | None) -> float | str | Absent | None:
    """One value as the formula takes it, None where an optional one is not given."""
    if raw is None or (isinstance(raw, float) and isnan(raw)):
        default = _default(item)
        return default if default is not None or item.optional else Absent(reason="missing_input", detail=item.key)
    return read(item, raw, unit)


def _default(item: Input) -> float | str | None:
    standing = None if item.default is None else read(item, item.default, None)
    assert not isinstance(standing, Absent), "a default that its own input refuses"
    return standing


def _alike(
    score: Score, inputs: Mapping[str, _Read], members: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], Given]]:
    """Yield groups who take the same model and lack the same optional inputs, each with what the formula takes."""
    kind = np.zeros(len(members), dtype=np.intp)
    for item in score.inputs:
        column = inputs[item.key]
        if column.word is not None:
            kind = kind * (1 + int(column.word.max(initial=0))) + column.word[members]
        elif item.optional:
            kind = kind * 2 + column.is_given[members]
    for each in np.unique(kind):
        group = members[kind == each]
        for start in range(0, len(group), CHUNK):
            part = group[start : start + CHUNK]
            yield part, {item.key: _taken(item, inputs[item.key], part) for item in score.inputs}


def _taken(item: Input, column: _Read, group: NDArray[np.intp]) -> Array | str | None:
    if item.optional and not column.is_given[group[0]]:
        return None
    values = column.values[group]
    return str(values[0]) if values.dtype == object else values
